import { describe, expect, it } from 'vitest';
import { DTypeError } from '../../src/errors.ts';
import { pairBatch } from '../../src/models/seq2seq/batch.ts';
import { testRuntime } from '../tensor/runtime.ts';

const runtime = testRuntime();
const ids = { paddingId: 0, startId: 1, endId: 2 };

describe('pairBatch', () => {
  it('pads sources by rows, and targets time first between start and end', () => {
    runtime.scope(() => {
      const batch = pairBatch(
        runtime,
        [
          { source: [5, 6, 7], target: [8] },
          { source: [9], target: [4, 3] },
        ],
        ids,
      );
      expect(batch.source.shape).toEqual([2, 3]);
      expect([...batch.source.toArray()]).toEqual([5, 6, 7, 9, 0, 0]);
      expect([...batch.sourceLengths.toArray()]).toEqual([3, 1]);
      expect(batch.targetInput.shape).toEqual([3, 2]);
      expect([...batch.targetInput.toArray()]).toEqual([1, 1, 8, 4, 0, 3]);
      expect([...batch.targetOutput.toArray()]).toEqual([8, 4, 2, 3, 0, 2]);
    });
  });

  it('takes empty sources, empty targets and no pairs', () => {
    runtime.scope(() => {
      const batch = pairBatch(runtime, [{ source: [], target: [] }], ids);
      expect(batch.source.shape).toEqual([1, 0]);
      expect([...batch.targetInput.toArray()]).toEqual([1]);
      expect([...batch.targetOutput.toArray()]).toEqual([2]);
      expect(pairBatch(runtime, [], ids).source.shape).toEqual([0, 0]);
    });
  });

  it.each([0.5, Number.NaN, 2 ** 32])('refuses %d as an id, and allocates nothing', (id) => {
    const before = runtime.memory.usedBytes;
    const pair = { source: [5, id], target: [4] };
    expect(() => pairBatch(runtime, [pair], ids)).toThrow(
      `whole numbers of 32 bits, got ${id} at index 1 of row 0`,
    );
    expect(() => pairBatch(runtime, [{ source: [5], target: [id] }], ids)).toThrow(DTypeError);
    expect(runtime.memory.usedBytes).toBe(before);
  });
});
