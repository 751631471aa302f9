import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../../models/pronounce/checkpoint.ts';
import { epochBatches, pairsOf, toBatch, tokensOf } from '../../models/pronounce/pairs.ts';
import { Replica, type ReplicaOptions, type StepReport } from '../../models/pronounce/replica.ts';
import { FormatError } from '../../src/errors.ts';
import { endId, padId, startId } from '../../src/pronounce/alphabet.ts';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { tinyPairs, tinyRecipe, withFolder } from './training.ts';

const pairs = tinyPairs(60);
const options: ReplicaOptions = { recipe: tinyRecipe, pairs, thread: 0, threads: 1 };

/** Takes steps until `until` (or the end). */
function run(replica: Replica, until = replica.totalSteps): StepReport[] {
  const reports: StepReport[] = [];
  while (replica.optimizer.steps < until) {
    for (const report of replica.epoch()) {
      reports.push(report);
      if (report.step === until) break;
    }
  }
  return reports;
}

function save(replica: Replica, path: string): Buffer {
  const { optimizer, model } = replica;
  writeCheckpoint(path, tinyRecipe, optimizer.steps, model.parameters(), optimizer.state());
  return readFileSync(path);
}

describe('Replica', () => {
  it('trains, and a run resumed at any step ends in the same bytes as one that never stopped', () =>
    withFolder(async (path) => {
      const whole = await Replica.create(options);
      expect(whole.stepsPerEpoch).toBe(4);
      expect(whole.totalSteps).toBe(8);
      const reports = run(whole);
      expect(reports.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(reports.map(({ pairs }) => pairs).reduce((a, b) => a + b)).toBe(120);
      expect(reports.every(({ loss, gradientNorm }) => loss > 0 && gradientNorm > 0)).toBe(true);
      expect(reports.at(-1)!.loss).toBeLessThan(reports[0]!.loss);
      const expected = save(whole, path('whole'));

      for (const stop of [1, 4, 6]) {
        const first = await Replica.create(options);
        const before = run(first, stop);
        save(first, path('stopped'));
        const second = await Replica.create({ ...options, checkpoint: path('stopped') });
        expect(second.optimizer.steps).toBe(stop);
        expect([...before, ...run(second)]).toEqual(reports);
        expect(save(second, path('resumed')).equals(expected), `stopped after ${stop}`).toBe(true);
      }
    }));

  it('leaves no memory behind with its steps', async () => {
    const replica = await Replica.create(options);
    const used: number[] = [];
    for (const _ of replica.epoch()) used.push(replica.runtime.memory.usedBytes);
    expect(new Set(used.slice(1)).size).toBe(1);
  });

  it('the shards of a batch add up to the batch', async () => {
    // Without dropout, whose seeds differ between shards.
    const without = { ...tinyRecipe, model: { ...tinyRecipe.model, dropout: 0 } };
    const one = await Replica.create({ ...options, recipe: { ...without, shards: 1 } });
    const four = await Replica.create({ ...options, recipe: { ...without, shards: 4 } });
    const [a, b] = [run(one, 3), run(four, 3)];
    a.forEach((report, i) => {
      expect(Math.abs(report.loss - b[i]!.loss)).toBeLessThan(1e-5 * report.loss);
      expect(Math.abs(report.gradientNorm - b[i]!.gradientNorm)).toBeLessThan(1e-4 * report.gradientNorm);
    });
  });

  it('trains on batches smaller than its shards', async () => {
    const replica = await Replica.create({
      ...options,
      pairs: pairs.slice(0, 3),
      recipe: { ...tinyRecipe, batchSize: 2, shards: 2 },
    });
    expect(run(replica).every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });

  it('refuses the checkpoint of another recipe, and a truncated one', () =>
    withFolder(async (path) => {
      const replica = await Replica.create(options);
      const bytes = save(replica, path('a'));
      const other = { ...tinyRecipe, peakLearningRate: 1 };
      await expect(Replica.create({ ...options, recipe: other, checkpoint: path('a') })).rejects.toThrow(
        FormatError,
      );
      writeFileSync(path('cut'), bytes.subarray(0, bytes.length - 4));
      await expect(Replica.create({ ...options, checkpoint: path('cut') })).rejects.toThrow(FormatError);
    }));

  it('refuses a checkpoint that lacks a parameter', () =>
    withFolder(async (path) => {
      const replica = await Replica.create(options);
      const { model, optimizer } = replica;
      const [first, ...rest] = [...model.parameters()];
      writeCheckpoint(path('a'), tinyRecipe, 1, new Map(rest), optimizer.state());
      expect(readCheckpoint(path('a'), tinyRecipe).parameters.has(first![0])).toBe(false);
      await expect(Replica.create({ ...options, checkpoint: path('a') })).rejects.toThrow(FormatError);
    }));
});

describe('pairs', () => {
  it('are the pronunciations of each word', () => {
    const [one, two, three] = pairsOf([
      { word: 'ab', pronunciations: [['AE1', 'B'], ['B']] },
      { word: 'k', pronunciations: [['K']] },
    ]);
    expect(one!.letters).toEqual(two!.letters);
    expect([one!.phonemes.length, two!.phonemes.length, three!.phonemes.length]).toEqual([2, 1, 1]);
    expect(tokensOf([one!, two!, three!])).toBe(3 + 2 + 2);
  });

  it('come in the same batches for the same epoch, in others for another', () => {
    const [first, again, next] = [0, 0, 1].map((epoch) => epochBatches(pairs, tinyRecipe, epoch));
    expect(first).toEqual(again);
    expect(first).not.toEqual(next);
    expect(new Set(first!.flat())).toEqual(new Set(pairs));
    expect(first!.flat().length).toBe(pairs.length);
  });

  it('become padded tensors, the target time first', async () => {
    using runtime = await trainingRuntime();
    const batch = toBatch(runtime, [
      { letters: [5, 6], phonemes: [7] },
      { letters: [8], phonemes: [9, 10] },
    ]);
    expect(batch.source.shape).toEqual([2, 2]);
    expect([...batch.source.toArray()]).toEqual([5, 6, 8, padId]);
    expect([...batch.sourceLengths.toArray()]).toEqual([2, 1]);
    expect(batch.targetInput.shape).toEqual([3, 2]);
    expect([...batch.targetInput.toArray()]).toEqual([startId, startId, 7, 9, padId, 10]);
    expect([...batch.targetOutput.toArray()]).toEqual([7, 9, endId, 10, padId, endId]);
  });
});
