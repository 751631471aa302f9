/** Checkpoints with 8-bit weights against their references in full precision. */
import { describe, expect, it } from 'vitest';
import { fromFloat32, toFloat32, toInt32 } from '../../src/io/conversion.ts';
import { quantiseRows } from '../../src/io/quantise.ts';
import { weightStream } from '../../src/io/weightStream.ts';
import { loadBert } from '../../src/models/bert/load.ts';
import { loadGPT2, loadLlama } from '../../src/models/causal/load.ts';
import type { CausalModel } from '../../src/models/causal/model.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { WeightSource, WeightStream } from '../../src/tensor/weights.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { Checkpoint, hasCheckpoints } from './checkpoints.ts';
import { loadSeq2Seq } from './seq2seqCheckpoint.ts';

if (!hasCheckpoints) {
  console.log('SKIPPED: ../shared/data is absent: no 8-bit checkpoint is compared with its reference');
}

/** Steps on either side of zero that a product's weights have, and its activations where there are several rows. */
const [WEIGHT_STEPS, ACTIVATION_STEPS] = [127, 63];
/**
 * What rounding both may cost, as a multiple of what rounding the weights alone costs in full precision: how far a model
 * carries an error is its own affair. (T5's scores are not scaled: at random weights, its attention tips over.) Errors are
 * as large as steps, and add up like noise; small models are uneven, and get twice that.
 */
const FACTOR = 2 * Math.hypot(1, WEIGHT_STEPS / ACTIVATION_STEPS);

/** What a model makes of the reference's whole batch. */
type Logits = (
  runtime: Runtime,
  checkpoint: Checkpoint,
  stream: WeightStream,
  quantize?: 'int8',
) => Promise<Float32Array>;

const encoder =
  (family: 'bert' | 'roberta' | 'distilbert'): Logits =>
  async (runtime, checkpoint, stream, quantize) => {
    using model = await loadBert(runtime, family, checkpoint.config, stream, { quantize });
    return runtime.scope(() => {
      const tokenTypes = checkpoint.input(runtime, 'full.token_type_ids');
      const found = model.forward(checkpoint.input(runtime, 'full.input_ids')!, { tokenTypes });
      return found.logits!.toFloat32Array();
    });
  };

const decoder =
  (load: typeof loadLlama): Logits =>
  async (runtime, checkpoint, stream, quantize) => {
    using model = await load(runtime, checkpoint.config, stream, { quantize });
    return runtime.scope(() =>
      model.forward(checkpoint.input(runtime, 'full.input_ids')!).logits.toFloat32Array(),
    );
  };

const seq2Seq: Logits = async (runtime, checkpoint, stream, quantize) => {
  const { model, pass } = await loadSeq2Seq(runtime, { config: checkpoint.config, stream }, quantize);
  const logits = runtime.scope(() => {
    const source = checkpoint.input(runtime, 'full.input_ids')!;
    const [batch, time] = source.shape as [number, number];
    const lengths = Tensor.from(runtime, new Array<number>(batch).fill(time), [batch], 'i32');
    return pass(
      source,
      lengths,
      checkpoint.input(runtime, 'full.decoder_input_ids')!,
    ).logits.toFloat32Array();
  });
  model.dispose();
  return logits;
};

const folders: readonly (readonly [folder: string, logits: Logits])[] = [
  ['hf/bert-mlm', encoder('bert')],
  ['hf/distilbert-mlm', encoder('distilbert')],
  ['hf/roberta-mlm', encoder('roberta')],
  ['hf/gpt2', decoder(loadGPT2)],
  ['hf/llama-gqa', decoder(loadLlama)],
  ['hf/llama-tied', decoder(loadLlama)],
  ['hf/t5', seq2Seq],
  ['hf/t5-gated', seq2Seq],
  ['hf/marian', seq2Seq],
];

describe.skipIf(!hasCheckpoints).each(variants)('8-bit checkpoints, %s', (variant) => {
  it.each(folders)('%s: logits are off by what rounding explains', async (folder, logits) => {
    const checkpoint = new Checkpoint(folder);
    const runtime = await sharedRuntime(variant);
    const expected = toFloat32(checkpoint.expected.get('out.full.logits')!);
    const rounded = await logits(runtime, checkpoint, weightStream(roundedWeights(checkpoint.weights)));
    const bound = FACTOR * relativeError(rounded, expected);
    const error = relativeError(await logits(runtime, checkpoint, checkpoint.stream, 'int8'), expected);
    console.log(`${folder} in 8 bits: logits off by ${percent(error)}, at most ${percent(bound)}`);
    expect(error).toBeLessThan(bound);
    // In full precision they would be a thousand times nearer: the weights were 8-bit ones.
    expect(error).toBeGreaterThan(1e-3);
  });

  it('stories260K: a token at a time, the published story is the likeliest almost everywhere', async () => {
    const checkpoint = new Checkpoint('models/stories260K');
    const runtime = await sharedRuntime(variant);
    const story = Array.from(toInt32(checkpoint.expected.get('greedy_ids')!));
    const load = (options: { quantize?: 'int8' }): Promise<CausalModel> =>
      loadLlama(runtime, checkpoint.config, checkpoint.stream, options);
    using full = await load({});
    using eight = await load({ quantize: 'int8' });
    const [expected, found] = [stepped(full, story), stepped(eight, story)];
    const error = relativeError(Float32Array.from(found.flat()), Float32Array.from(expected.flat()));
    const same = found.filter((logits, i) => likeliest(logits) === story[i + 1]).length;
    console.log(
      `stories260K in 8 bits: logits off by ${percent(error)}, ${same} of ${found.length} tokens the same`,
    );
    expect(expected.every((logits, i) => likeliest(logits) === story[i + 1])).toBe(true);
    expect(error).toBeLessThan(0.03);
    expect(same / found.length).toBeGreaterThan(0.95);
  });
});

/** The matrices as 8 bits hold them, in full precision. */
function roundedWeights(weights: WeightSource): WeightSource {
  return {
    ...{ metadata: {}, names: () => weights.names() },
    get(name) {
      const stored = weights.get(name);
      if (stored?.shape.length !== 2) return stored;
      const { integers, scales } = quantiseRows(toFloat32(stored), stored.shape);
      const [steps, sizes] = [toFloat32(integers), toFloat32(scales)];
      const values = steps.map((step, i) => step * sizes[Math.floor(i / stored.shape[1]!)]!);
      return fromFloat32(values, stored.shape, 'F32');
    },
  };
}

/** The logits behind each token of a story but the last. */
function stepped(model: CausalModel, story: readonly number[]): number[][] {
  const { runtime } = model;
  using cache = model.createCache();
  return story.slice(0, -1).map((id) =>
    runtime.scope(() => {
      const ids = Tensor.from(runtime, [id], [1, 1], 'i32');
      return Array.from(model.forward(ids, { cache }).logits.toFloat32Array());
    }),
  );
}

function likeliest(logits: readonly number[]): number {
  return logits.indexOf(Math.max(...logits));
}

/** Size of the difference over that of what is expected, its mean taken off: softmax does not see it. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  const mean = expected.reduce((sum, x) => sum + x, 0) / expected.length;
  const size = (of: (x: number, i: number) => number): number =>
    Math.sqrt(expected.reduce((sum, x, i) => sum + of(x, i) ** 2, 0));
  return size((x, i) => actual[i]! - x) / size((x) => x - mean);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
