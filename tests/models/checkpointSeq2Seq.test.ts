/** T5 and Marian checkpoints against Hugging Face's code. */
import { describe, expect, it } from 'vitest';
import { beamSearch } from '../../src/decode/beam.ts';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { toInt32 } from '../../src/io/conversion.ts';
import { bucketOf } from '../../src/models/t5/relativePositions.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { Checkpoint, hasCheckpoints } from './checkpoints.ts';
import { loadSeq2Seq } from './seq2seqCheckpoint.ts';

if (!hasCheckpoints) {
  console.log('SKIPPED: ../shared/data is absent: no encoder-decoder is compared with its reference');
}

const folders = ['hf/t5', 'hf/t5-gated', 'hf/marian'];

describe.skipIf(!hasCheckpoints).each(variants)('encoder-decoders, %s', (variant) => {
  describe.each(folders)('%s', (folder) => {
    const checkpoint = hasCheckpoints ? new Checkpoint(folder) : undefined!;
    /** Sources as lists of ids. */
    const sourcesOf = (runtime: Runtime, name: string): number[][] => {
      const ids = checkpoint.input(runtime, `${name}.input_ids`)!;
      const real = checkpoint.lengths(runtime, name)?.toArray();
      return Array.from({ length: ids.shape[0]! }, (_, b) =>
        Array.from(ids.at(b).toArray()).slice(0, real?.[b]),
      );
    };

    it.each(['full', 'padded'])('gives what the reference gives: %s', async (name) => {
      const runtime = await sharedRuntime(variant);
      const { model, pass } = await loadSeq2Seq(runtime, checkpoint);
      runtime.scope(() => {
        const source = checkpoint.input(runtime, `${name}.input_ids`)!;
        const [batch, time] = source.shape as [number, number];
        const lengths =
          checkpoint.lengths(runtime, name) ??
          Tensor.from(runtime, new Array<number>(batch).fill(time), [batch], 'i32');
        const found = pass(source, lengths, checkpoint.input(runtime, `${name}.decoder_input_ids`)!);
        const real = lengths.toArray();
        const within = (expected: string, tensor: Tensor, rows?: ArrayLike<number>, axis = 1): void => {
          const difference = checkpoint.difference(`${name}.${expected}`, tensor, rows, axis);
          expect(difference, expected).toBeLessThan(checkpoint.tolerance);
        };
        within('encoder_last_hidden_state', found.memory, real);
        within('logits', found.logits);
        for (const [i, weights] of found.encoderWeights.entries()) {
          within(`encoder_attentions.${i}`, weights, real, 2);
        }
        for (const [i, weights] of found.decoderWeights.entries()) within(`decoder_attentions.${i}`, weights);
        for (const [i, weights] of found.crossWeights.entries()) within(`cross_attentions.${i}`, weights);
      });
      model.dispose();
    });

    it.each(['full', 'padded'])('writes what the reference writes: %s', async (name) => {
      const runtime = await sharedRuntime(variant);
      const { model } = await loadSeq2Seq(runtime, checkpoint);
      const { startId, endId, paddingId } = model.config;
      const expected =
        name === 'full'
          ? [checkpoint.generated('full.0'), checkpoint.generated('full.1')]
          : rowsOf(checkpoint, 'out.generate.padded');
      const longest = Math.max(...expected.map((ids) => ids.length)) - 1;
      const written = greedyDecode(model.stepModel(sourcesOf(runtime, name)), 12).map(({ ids, ended }) => {
        const whole = [startId, ...ids, ...(ended ? [endId] : [])];
        return name === 'full'
          ? whole
          : [...whole, ...new Array<number>(Math.max(0, longest + 1 - whole.length)).fill(paddingId)];
      });
      expect(written).toEqual(expected);
      model.dispose();
    });

    it('gives memory back', async () => {
      const runtime = await sharedRuntime(variant);
      const { usedBytes } = runtime.memory;
      for (const quantize of [undefined, 'int8'] as const) {
        const { model } = await loadSeq2Seq(runtime, checkpoint, quantize);
        const sources = runtime.scope(() => sourcesOf(runtime, 'full'));
        beamSearch(model.stepModel(sources), { beam: 3, maxLength: 6 });
        model.dispose();
        expect(runtime.memory.usedBytes).toBe(usedBytes);
      }
    });
  });
});

/** i64 [rows, columns] as lists. */
function rowsOf({ expected }: Checkpoint, name: string): number[][] {
  const { shape } = expected.get(name)!;
  const values = Array.from(toInt32(expected.get(name)!));
  return Array.from({ length: shape[0]! }, (_, row) => values.slice(row * shape[1]!, (row + 1) * shape[1]!));
}

describe("T5's buckets", () => {
  it('tell small distances apart, and large ones by their logarithm', () => {
    const sizes = { buckets: 32, furthest: 128 };
    const ahead = Array.from({ length: 200 }, (_, distance) => bucketOf(distance, sizes, true));
    expect(ahead.slice(0, 8)).toEqual([0, 17, 18, 19, 20, 21, 22, 23]);
    expect(Math.max(...ahead)).toBe(31);
    // By Hugging Face's code.
    expect(
      [8, 11, 12, 15, 16, 22, 23, 31, 32, 45, 46, 63, 64, 90, 91, 127, 128].map((d) => ahead[d]),
    ).toEqual([24, 24, 25, 25, 26, 26, 27, 27, 28, 28, 29, 29, 30, 30, 31, 31, 31]);
    const behind = Array.from({ length: 200 }, (_, distance) => bucketOf(-distance, sizes, false));
    expect(behind.slice(0, 16)).toEqual(Array.from({ length: 16 }, (_, i) => i));
    expect(behind[199]).toBe(31);
    expect(bucketOf(5, sizes, false)).toBe(0);
    behind.reduce((last, bucket) => {
      expect(bucket).toBeGreaterThanOrEqual(last);
      return bucket;
    });
  });
});
