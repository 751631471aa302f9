/** A sentence embedder of MiniLM's shape with random weights, as Hugging Face folders hold one: safetensors and ONNX. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { wordPieces } from '../../../tests/pretrained/tokenizers.ts';
import { seededRandom } from '../../../tests/support/random.ts';
import { heed } from '../engines/heed.ts';
import { writeModel } from '../onnx.ts';
import { addLayer } from './encoderGraph.ts';
import {
  createProblem,
  D,
  HEADS,
  INNER,
  LAYERS,
  type Layer,
  NORM_EPSILON,
  projection,
  type Weight,
} from './encoderProblem.ts';
import { GraphBuilder } from './graphBuilder.ts';

const VOCABULARY = 30_522;
export const LONGEST = 512;

interface Embedder {
  readonly words: Weight;
  readonly positions: Weight;
  readonly tokenTypes: Weight;
  readonly normWeight: Weight;
  readonly normBias: Weight;
  readonly layers: readonly Layer[];
}

export const NAME = 'minilm';
/** Where the folder lies. */
export const folders = fileURLToPath(new URL('../../../build/bench/', import.meta.url));

/** Writes the folder. Its tokenizer knows the texts' words whole, and all else letter by letter. */
export function writeEmbedder(texts: readonly string[]): void {
  const folder = `${folders}${NAME}/`;
  mkdirSync(`${folder}onnx`, { recursive: true });
  const embedder = randomEmbedder();
  const { 'tokenizer.json': tokenizer, 'tokenizer_config.json': tokens } = wordPieces(piecesOf(texts));
  const json = {
    'config.json': config,
    'tokenizer.json': tokenizer,
    // The other way of writing it needs a field of its own in transformers.js.
    'tokenizer_config.json': { ...tokens, mask_token: '[MASK]' },
  };
  for (const [name, value] of Object.entries(json)) writeFileSync(folder + name, JSON.stringify(value));
  writeFileSync(`${folder}model.safetensors`, heed.writeSafetensors(tensorsOf(embedder)));
  writeFileSync(`${folder}onnx/model.onnx`, onnxOf(embedder));
}

const config = {
  ...{ model_type: 'bert', architectures: ['BertModel'], vocab_size: VOCABULARY, hidden_size: D },
  ...{ num_hidden_layers: LAYERS, num_attention_heads: HEADS, intermediate_size: INNER },
  ...{ hidden_act: 'gelu', max_position_embeddings: LONGEST, type_vocab_size: 2 },
  ...{ layer_norm_eps: NORM_EPSILON, pad_token_id: 0 },
};

function randomEmbedder(): Embedder {
  const random = seededRandom(VOCABULARY);
  const table = (rows: number): Weight => ({
    shape: [rows, D],
    data: Float32Array.from(random.normals(rows * D)),
  });
  return {
    ...{ words: table(VOCABULARY), positions: table(LONGEST), tokenTypes: table(2) },
    normWeight: { shape: [D], data: Float32Array.from(random.normals(D, 0.1), (value) => 1 + value) },
    normBias: { shape: [D], data: Float32Array.from(random.normals(D, 0.1)) },
    layers: createProblem().layers,
  };
}

function piecesOf(texts: readonly string[]): readonly string[] {
  const characters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter(
    (c) => !/[A-Z]/.test(c),
  );
  const words = texts.flatMap((text) => text.toLowerCase().match(/[a-z0-9]+/g) ?? []);
  return [...new Set([...characters, ...characters.map((c) => `##${c}`), ...words])];
}

/** By BERT's names. */
function tensorsOf({ words, positions, tokenTypes, normWeight, normBias, layers }: Embedder) {
  const tensors: Record<string, Weight> = {
    'embeddings.word_embeddings.weight': words,
    'embeddings.position_embeddings.weight': positions,
    'embeddings.token_type_embeddings.weight': tokenTypes,
    'embeddings.LayerNorm.weight': normWeight,
    'embeddings.LayerNorm.bias': normBias,
  };
  layers.forEach((layer, i) => {
    (['query', 'key', 'value'] as const).forEach((name, which) => {
      const { weight, bias } = projection(layer, which as 0 | 1 | 2);
      tensors[`encoder.layer.${i}.attention.self.${name}.weight`] = { shape: [D, D], data: weight.slice() };
      tensors[`encoder.layer.${i}.attention.self.${name}.bias`] = { shape: [D], data: bias.slice() };
    });
    for (const [name, own] of Object.entries(names)) {
      for (const kind of ['weight', 'bias']) {
        tensors[`encoder.layer.${i}.${name}.${kind}`] = layer[`${own}.${kind}`]!;
      }
    }
  });
  return new Map(
    Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      { dtype: 'F32' as const, shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) },
    ]),
  );
}

/** PyTorch's names by BERT's. */
const names = {
  'attention.output.dense': 'self_attn.out_proj',
  'attention.output.LayerNorm': 'norm1',
  'intermediate.dense': 'linear1',
  'output.dense': 'linear2',
  'output.LayerNorm': 'norm2',
};

/** As exporters write BERT: any batch, any time, a mask for what fills texts up. */
function onnxOf({ words, positions, tokenTypes, normWeight, normBias, layers }: Embedder): Uint8Array {
  const graph = new GraphBuilder();
  const rows = ({ shape, data }: Weight, ids: string): string =>
    graph.add('Gather', [graph.constant(shape, data), ids]);
  const time = graph.add('Shape', ['input_ids'], { attributes: { start: 1, end: 2 } });
  const zero = graph.shape([0]);
  const places = graph.add('Slice', [graph.constant(positions.shape, positions.data), zero, time, zero]);
  const sum = graph.add('Add', [rows(words, 'input_ids'), rows(tokenTypes, 'token_type_ids')]);
  const embedded = graph.norm(graph.add('Add', [sum, places]), normWeight, normBias);
  const seen = graph.add('Cast', ['attention_mask'], { attributes: { to: 1 } });
  const square = graph.add('Unsqueeze', [seen, graph.shape([1, 2])]);
  const hidden = graph.add('Sub', [graph.constant([1], Float32Array.of(1)), square]);
  const mask = graph.add('Mul', [hidden, graph.constant([1], Float32Array.of(-3.4028234663852886e38))]);
  const output = layers.reduce((x, layer) => addLayer(graph, x, layer, [0, 0], mask), embedded);
  graph.operators.push({ type: 'Identity', inputs: [output], output: 'last_hidden_state' });
  const ids = ['input_ids', 'attention_mask', 'token_type_ids'];
  return writeModel({
    inputs: Object.fromEntries(ids.map((name) => [name, ['batch', 'time']])),
    integers: ids,
    output: { name: 'last_hidden_state', shape: ['batch', 'time', D] },
    weights: graph.weights,
    operators: graph.operators,
  });
}
