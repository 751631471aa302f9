import { describe, expect, it } from 'vitest';
import { greedyDecode } from '../../src/decode/greedy.ts';
import type { Seq2SeqBatch } from '../../src/models/seq2seq/batch.ts';
import { Seq2Seq } from '../../src/models/seq2seq/model.ts';
import type { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { bucketedBatches } from '../../src/train/batches.ts';
import { Adam, clipGlobalNorm } from '../../src/train/optimizer.ts';
import { warmupCosine } from '../../src/train/schedule.ts';
import { type TrainingRuntime, trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { variants } from '../support/runtimes.ts';

const [PAD, START, END, FIRST] = [0, 1, 2, 3];
const LETTERS = 8;
const LENGTH = 4;
const STEPS = 450;
const HELD_OUT = 200;

/** All strings of four of eight letters, in an order of the seed. */
function strings(random: Random): number[][] {
  const all = Array.from({ length: LETTERS ** LENGTH }, (_, i) =>
    Array.from({ length: LENGTH }, (_, place) => FIRST + (Math.floor(i / LETTERS ** place) % LETTERS)),
  );
  return random.shuffle(all);
}

/** Strings and their reverses. */
function batchOf(runtime: TrainingRuntime, rows: readonly (readonly number[])[]): Seq2SeqBatch {
  const transposed = (sequence: (row: readonly number[]) => readonly number[]) =>
    Tensor.from(
      runtime,
      Array.from({ length: LENGTH + 1 }, (_, t) => rows.map((row) => sequence(row)[t]!)).flat(),
      [LENGTH + 1, rows.length],
      'i32',
    );
  return {
    source: Tensor.from(runtime, rows.flat(), [rows.length, LENGTH], 'i32'),
    sourceLengths: Tensor.from(runtime, new Int32Array(rows.length).fill(LENGTH), [rows.length], 'i32'),
    targetInput: transposed((row) => [START, ...[...row].reverse()]),
    targetOutput: transposed((row) => [...[...row].reverse(), END]),
  };
}

describe.each(variants)('training, %s', (variant) => {
  it('learns to reverse strings that it has not seen', async () => {
    using runtime = await trainingRuntime({ variant, seed: 11 });
    const all = strings(runtime.random);
    const [heldOut, train] = [all.slice(0, HELD_OUT), all.slice(HELD_OUT)];
    const model = Seq2Seq.create(
      runtime,
      {
        sourceVocabulary: FIRST + LETTERS,
        targetVocabulary: FIRST + LETTERS,
        embeddingSize: 16,
        encoderHidden: 24,
        encoderLayers: 1,
        decoderHidden: 32,
        score: 'general',
        paddingId: PAD,
        startId: START,
        endId: END,
      },
      runtime.random,
    );
    const parameters = model.parameters();
    const optimizer = new Adam(parameters);
    const schedule = warmupCosine({ peak: 1e-2, warmupSteps: 20, totalSteps: STEPS });
    const losses: number[] = [];
    let used = 0;
    while (optimizer.steps < STEPS) {
      for (const rows of bucketedBatches(train, 64, ({ length }) => length, runtime.random)) {
        if (optimizer.steps === STEPS) break;
        runtime.scope(() => {
          const { loss, gradients } = runtime.gradients(() => model.loss(batchOf(runtime, rows)), parameters);
          clipGlobalNorm(gradients, 1);
          optimizer.learningRate = schedule(optimizer.steps);
          optimizer.step(gradients);
          losses.push(loss);
        });
        if (optimizer.steps === 2) used = runtime.memory.usedBytes;
      }
    }
    expect(runtime.memory.usedBytes, 'memory after all steps').toBe(used);
    expect(losses[0]).toBeGreaterThan(Math.log(LETTERS));
    const results = greedyDecode(model.stepModel(heldOut), LENGTH + 2);
    const right = results.filter(({ ids }, i) => ids.join() === [...heldOut[i]!].reverse().join()).length;
    expect(right / HELD_OUT).toBeGreaterThan(0.95);
  });
});
