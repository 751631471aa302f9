import { describe, expect, it } from 'vitest';
import {
  ArgumentError,
  DisposedError,
  OutOfMemoryError,
  ShapeError,
  UnsupportedError,
} from '../../src/errors.ts';
import { KeyValueCache } from '../../src/layers/keyValueCache.ts';
import { sum } from '../../src/ops/elementwise.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('KeyValueCache, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const counted = (...shape: [number, number, number]) =>
    Tensor.from(
      runtime,
      Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => i + 1),
      shape,
    );
  /** The positions held, [batch][position][column]. */
  const held = ({ tensor, rows = 0 }: { readonly tensor: Tensor; readonly rows?: number }): number[][][] => {
    const [batch, capacity, width] = tensor.shape as [number, number, number];
    const values = tensor.toArray();
    return Array.from({ length: batch }, (_, b) =>
      Array.from({ length: rows }, (_, i) => {
        const at = (b * capacity + i) * width;
        return [...values.slice(at, at + width)];
      }),
    );
  };

  it('appends parts of projections, grows, forgets and reorders', () => {
    const before = runtime.memory.usedBytes;
    const cache = new KeyValueCache(runtime, { batch: 2, keySize: 2, valueSize: 1, capacity: 1 });
    runtime.scope(() => {
      const first = counted(2, 1, 3);
      cache.append({ tensor: first, from: 1 }, { tensor: first, from: 0, to: 1 });
      expect(cache.capacity).toBe(1);
      const more = counted(2, 2, 3);
      cache.append({ tensor: more, to: 2 }, { tensor: more, from: 2 });
    });
    expect([cache.length, cache.capacity]).toEqual([3, 3]);
    const rows = [
      [
        [2, 3],
        [1, 2],
        [4, 5],
      ],
      [
        [5, 6],
        [7, 8],
        [10, 11],
      ],
    ];
    const values = [
      [[1], [3], [6]],
      [[4], [9], [12]],
    ];
    expect(held(cache.keys)).toEqual(rows);
    expect(held(cache.values)).toEqual(values);
    cache.select([1, 0, 1]);
    expect([cache.batch, held(cache.keys)]).toEqual([3, [rows[1], rows[0], rows[1]]]);
    expect(held(cache.values)).toEqual([values[1], values[0], values[1]]);
    cache.truncate(1);
    expect(held(cache.values)).toEqual([[[4]], [[1]], [[4]]]);
    cache.select([]);
    expect([cache.batch, cache.length]).toEqual([0, 0]);
    cache.dispose();
    expect(() => cache.select([]) ?? held(cache.keys)).toThrow(DisposedError);
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('lets rows differ in length: each goes on behind its own', () => {
    const before = runtime.memory.usedBytes;
    const cache = new KeyValueCache(runtime, { batch: 3, keySize: 1, capacity: 3 });
    runtime.scope(() => {
      const three = { tensor: counted(3, 3, 1) };
      cache.append(three, three);
      cache.truncate([1, 3, 0]);
      expect([cache.length, cache.lengths]).toEqual([3, [1, 3, 0]]);
      const one = { tensor: Tensor.from(runtime, [-1, -2, -3], [3, 1, 1]) };
      cache.append(one, one);
      expect([cache.length, cache.lengths, cache.capacity]).toEqual([4, [2, 4, 1], 6]);
      const own = () => held(cache.keys).map((row, i) => row.slice(0, cache.lengths[i]).flat());
      expect(own()).toEqual([[1, -1], [4, 5, 6, -2], [-3]]);
      // What lies behind a row's own is finite: a weight of 0 silences it.
      expect(held(cache.values).flat(2).every(Number.isFinite)).toBe(true);
      cache.select([2, 0, 2]);
      expect([cache.length, own()]).toEqual([2, [[-3], [1, -1], [-3]]]);
      cache.truncate(1);
      expect([cache.lengths, own()]).toEqual([
        [1, 1, 1],
        [[-3], [1], [-3]],
      ]);
      expect(() => cache.truncate([1, 2, 1])).toThrow(
        new ArgumentError('keyValueCache: length must lie in 0..1, got 2'),
      );
      expect(() => cache.truncate([1])).toThrow(
        new ShapeError('keyValueCache: lengths must be [3], got [1]'),
      );
      expect(cache.lengths).toEqual([1, 1, 1]);
    });
    cache.dispose();
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('doubles its capacity up to maxLength, beyond which it refuses', () => {
    using cache = new KeyValueCache(runtime, { batch: 1, keySize: 1, capacity: 2, maxLength: 5 });
    runtime.scope(() => {
      const one = { tensor: counted(1, 1, 1) };
      const capacities = Array.from({ length: 5 }, () => {
        cache.append(one, one);
        return cache.capacity;
      });
      expect(capacities).toEqual([2, 2, 4, 4, 5]);
      const used = runtime.memory.usedBytes;
      expect(() => cache.append(one, one)).toThrow(
        new ArgumentError('keyValueCache: holds at most 5 positions, 6 would be needed'),
      );
      for (let i = 0; i < 1000; i++) {
        cache.truncate(2);
        cache.append(one, one);
      }
      expect([cache.length, runtime.memory.usedBytes]).toEqual([3, used]);
    });
  });

  it('refuses what does not fit, and keeps what it holds', () => {
    using cache = new KeyValueCache(runtime, { batch: 2, keySize: 2, valueSize: 1 });
    runtime.scope(() => {
      const [key, value] = [{ tensor: counted(2, 1, 2) }, { tensor: counted(2, 1, 1) }];
      cache.append(key, value);
      const refused = (error: new (message: string) => Error, part: string, run: () => unknown) => {
        expect(run).toThrow(error);
        expect(run).toThrow(part);
        expect(cache.length).toBe(1);
      };
      refused(ShapeError, 'key must be [2, 1, 2], got [2, 1, 1]', () => cache.append(value, value));
      refused(ShapeError, 'value must be [2, 1, *], got [2, 2, 1]', () =>
        cache.append(key, { tensor: counted(2, 2, 1) }),
      );
      refused(ShapeError, 'key must be [2, 3, *], got [1, 3, 2]', () =>
        cache.append({ tensor: counted(1, 3, 2) }, value),
      );
      refused(ArgumentError, 'rows must lie in 0..1, got 2', () => cache.select([0, 2]));
      refused(ArgumentError, 'length must lie in 0..1, got 2', () => cache.truncate(2));
      refused(ArgumentError, 'capacity 3 must be at most maxLength 2', () => {
        new KeyValueCache(runtime, { batch: 1, keySize: 1, capacity: 3, maxLength: 2 });
      });
      refused(UnsupportedError, 'keyValueCache', () =>
        runtime.gradients(
          () => {
            cache.append(key, value);
            return sum(key.tensor);
          },
          new Map([['key', key.tensor]]),
        ),
      );
    });
  });

  it('keeps what it holds when memory runs out', async () => {
    using small = await createRuntime({ variant, maxMemoryBytes: 4 << 20 });
    const cache = new KeyValueCache(small, { batch: 1, keySize: 4, capacity: 1 });
    const one = { tensor: Tensor.from(small, [1, 2, 3, 4], [1, 1, 4]) };
    cache.append(one, one);
    const used = small.memory.usedBytes;
    expect(() => cache.select(new Int32Array(1 << 18))).toThrow(OutOfMemoryError);
    expect(small.memory.usedBytes).toBe(used);
    expect(held(cache.keys)).toEqual([[[1, 2, 3, 4]]]);
  });
});
