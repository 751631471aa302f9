/** A trained Transformer of another library: CTranslate2's Arabic in Latin letters, as a TransformerSeq2Seq. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beamSearch } from '../../src/decode/beam.ts';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { fromFloat32, toFloat32, toInt32 } from '../../src/io/conversion.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { TransformerSeq2Seq } from '../../src/models/transformer/model.ts';
import { logSoftmax } from '../../src/ops/softmax.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { StoredTensor, WeightSource } from '../../src/tensor/weights.ts';
import { DATA_FOLDER } from '../parity/cases.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

const folder = join(DATA_FOLDER, 'models/aren-transliteration');
const isThere = existsSync(folder);
if (!isThere) console.log('SKIPPED: ../shared/data is absent: nothing is transliterated');

const SIZE = 32;
const MAX_LENGTH = 40;
const renamed: Readonly<Record<string, string>> = {
  'src_embed.weight': 'src_embedding.weight',
  'tgt_embed.weight': 'tgt_embedding.weight',
  'generator.weight': 'out.weight',
  'generator.bias': 'out.bias',
};

/** Sines before cosines, the first position 1, the last frequency 1 / 10000: a table like a learned one. */
function positions(): Float32Array {
  const half = SIZE / 2;
  return Float32Array.from({ length: MAX_LENGTH * SIZE }, (_, at) => {
    const [position, column] = [Math.floor(at / SIZE) + 1, at % SIZE];
    const angle = position * Math.exp((-(column % half) * Math.log(10_000)) / (half - 1));
    return column < half ? Math.sin(angle) : Math.cos(angle);
  });
}

function loadModel(runtime: Runtime): TransformerSeq2Seq {
  const file = readSafetensors(readFileSync(join(folder, 'model.safetensors')));
  const table = fromFloat32(positions(), [MAX_LENGTH, SIZE], 'F32');
  const tensors = new Map<string, StoredTensor>([
    ...file.names().map((name): [string, StoredTensor] => [renamed[name] ?? name, file.get(name)!]),
    ['src_positions.weight', table],
    ['tgt_positions.weight', table],
  ]);
  const weights: WeightSource = {
    metadata: {},
    names: () => [...tensors.keys()],
    get: (name) => tensors.get(name),
  };
  return TransformerSeq2Seq.load(runtime, weights, {
    sourceVocabulary: 51,
    targetVocabulary: 43,
    modelSize: SIZE,
    heads: 8,
    feedForwardSize: 128,
    encoderLayers: 6,
    decoderLayers: 6,
    normFirst: true,
    positions: 'learned',
    maxLength: MAX_LENGTH,
    paddingId: 0,
    startId: 1,
    endId: 2,
  });
}

interface Written {
  readonly in_ids: number[];
  readonly out_ids_with_eos: number[];
  readonly sum_logprob: number;
}
interface Searched {
  readonly in: string[];
  readonly beam_size: number;
  readonly hypotheses: readonly (Omit<Written, 'in_ids'> & { readonly score: number })[];
}
const told = (): {
  greedy: Written[];
  beam: Searched[];
  upstream: { scoring: { in: string[]; target: string[]; token_logprobs: number[] }[] };
} => JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
const vocabulary = (name: string): string[] => JSON.parse(readFileSync(join(folder, name), 'utf8'));

describe.skipIf(!isThere).each(variants)('transliteration, %s', (variant) => {
  it('computes what its float64 forward computes', async () => {
    const runtime = await sharedRuntime(variant);
    using model = loadModel(runtime);
    const expected = readSafetensors(readFileSync(join(folder, 'expected.safetensors')));
    const table = toFloat32(expected.get('position_encoding_8x32')!);
    positions()
      .subarray(0, table.length)
      .forEach((value, i) => {
        expect(Math.abs(value - table[i]!)).toBeLessThan(1e-6);
      });
    runtime.scope(() => {
      const ids = (name: string): Tensor => {
        const values = toInt32(expected.get(name)!);
        return Tensor.from(runtime, values, [1, values.length], 'i32');
      };
      const source = ids('src_ids');
      const lengths = Tensor.from(runtime, [source.size], [1], 'i32');
      const within = (tensor: Tensor, name: string): void => {
        const reference = toFloat32(expected.get(name)!);
        const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        tensor.toFloat32Array().forEach((value, i) => {
          expect(Math.abs(value - reference[i]!), name).toBeLessThan(2e-6 * largest);
        });
      };
      within(model.encode(source, lengths).output, 'encoder_out');
      const targetInput = ids('tgt_in_ids');
      const { logits } = model.forward({
        source,
        sourceLengths: lengths,
        targetInput,
        targetOutput: targetInput,
      });
      within(logSoftmax(logits), 'decoder_logprobs');
    });
  });

  it('writes the published tokens with their log-probabilities', async () => {
    const runtime = await sharedRuntime(variant);
    using model = loadModel(runtime);
    const { greedy } = told();
    const written = greedyDecode(model.stepModel(greedy.map(({ in_ids }) => in_ids)), MAX_LENGTH - 1);
    written.forEach(({ ids, logProbability, ended }, i) => {
      expect([...ids, ...(ended ? [2] : [])]).toEqual(greedy[i]!.out_ids_with_eos);
      expect(Math.abs(logProbability - greedy[i]!.sum_logprob)).toBeLessThan(1e-5 * ids.length);
    });
    expect(written.length).toBeGreaterThanOrEqual(10);
  });

  it('gives each published token the probability that CTranslate2 gives it', async () => {
    const runtime = await sharedRuntime(variant);
    using model = loadModel(runtime);
    const [from, to] = [vocabulary('source_vocabulary.json'), vocabulary('target_vocabulary.json')];
    for (const { in: source, target, token_logprobs } of told().upstream.scoring) {
      runtime.scope(() => {
        const row = (ids: readonly number[]): Tensor => Tensor.from(runtime, ids, [1, ids.length], 'i32');
        const targets = target.map((token) => to.indexOf(token));
        const targetInput = row([1, ...targets]);
        const { logits } = model.forward({
          source: row(source.map((token) => from.indexOf(token))),
          sourceLengths: Tensor.from(runtime, [source.length], [1], 'i32'),
          targetInput,
          targetOutput: targetInput,
        });
        const logProbabilities = logSoftmax(logits).toFloat32Array();
        [...targets, 2].forEach((id, t) => {
          // The tolerance that its own test has.
          expect(Math.abs(logProbabilities[43 * t + id]! - token_logprobs[t]!)).toBeLessThan(1e-5);
        });
      });
    }
  });

  it('finds the hypothesis that beam search finds', async () => {
    const runtime = await sharedRuntime(variant);
    using model = loadModel(runtime);
    const from = vocabulary('source_vocabulary.json');
    const { beam } = told();
    for (const { in: source, beam_size, hypotheses } of beam) {
      const rows = [source.map((token) => from.indexOf(token))];
      const [found] = beamSearch(model.stepModel(rows), {
        beam: beam_size,
        maxLength: MAX_LENGTH - 1,
        lengthPenalty: { kind: 'power', alpha: 1 },
      });
      const [best] = found!;
      expect([...best!.ids, 2]).toEqual(hypotheses[0]!.out_ids_with_eos);
      expect(Math.abs(best!.score - hypotheses[0]!.score)).toBeLessThan(1e-5);
    }
    expect(beam.length).toBeGreaterThanOrEqual(10);
  });
});
