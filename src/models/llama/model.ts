/**
 * Llama (Touvron 2023), and what is built alike:
 *
 *   x = words(ids)     x += attention(norm(x)), x += feedForward(norm(x)) in each layer     logits = head(norm(x))
 */
import { Embedding } from '../../layers/embedding.ts';
import { Linear } from '../../layers/linear.ts';
import { RMSNorm } from '../../layers/norm.ts';
import type { Parameters } from '../../layers/parameters.ts';
import { RotaryPositions } from '../../layers/rotaryPositions.ts';
import { TiedEmbedding } from '../../layers/tiedEmbedding.ts';
import { CausalModel } from '../causal/model.ts';
import type { LlamaConfig } from './config.ts';
import { LlamaLayer } from './layer.ts';

/** @throws ArgumentError for sizes that do not fit */
export function llamaModel(parameters: Parameters, config: LlamaConfig): CausalModel<LlamaConfig> {
  const { vocabulary, modelSize, headSize, keyValueHeads, epsilon, rotaryBase, rotaryScaling } = config;
  const { runtime } = parameters;
  const positions = new RotaryPositions(runtime, {
    size: headSize,
    base: rotaryBase,
    scaling: rotaryScaling,
  });
  const table = { count: vocabulary, size: modelSize };
  const tied = config.tiedEmbeddings ? new TiedEmbedding(parameters.within('words.'), table) : undefined;
  const words = tied ?? new Embedding(parameters.within('words.'), table);
  const layers = Array.from(
    { length: config.layers },
    (_, i) => new LlamaLayer(parameters.within(`layers.${i}.`), config, positions),
  );
  const norm = new RMSNorm(parameters.within('norm.'), { size: modelSize, epsilon });
  const sizes = { inputs: modelSize, outputs: vocabulary, bias: false };
  const head = tied ? undefined : new Linear(parameters.within('head.'), sizes);
  return new CausalModel('llama', runtime, config, {
    layers,
    keySize: keyValueHeads * headSize,
    embed: (ids) => words.forward(ids),
    finish: (x) => norm.forward(x),
    score: (x) => tied?.score(x) ?? head!.forward(x),
    dispose() {
      for (const part of [words, ...layers, norm, head, positions]) part?.dispose();
    },
  });
}
