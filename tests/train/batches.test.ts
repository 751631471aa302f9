import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { Random } from '../../src/tensor/random.ts';
import { bucketedBatches } from '../../src/train/batches.ts';

const items = fc.array(fc.string({ maxLength: 12 }), { maxLength: 120 });
const sizes = fc.integer({ min: 1, max: 9 });
const lengthOf = (item: { text: string }): number => item.text.length;

describe('bucketedBatches', () => {
  it('has each item exactly once, in batches of at most the size', () => {
    fc.assert(
      fc.property(items, sizes, sizes, fc.integer(), (texts, batchSize, poolBatches, seed) => {
        const list = texts.map((text) => ({ text }));
        const given = [...list];
        const batches = bucketedBatches(list, batchSize, lengthOf, new Random(seed), poolBatches);
        expect(list).toEqual(given);
        const seen = batches.flat();
        expect(seen.length).toBe(list.length);
        expect(new Set(seen)).toEqual(new Set(list));
        for (const batch of batches) expect(batch.length).toBeGreaterThan(0);
        // Only the last batch of a pool may be smaller.
        const pools = Math.ceil(list.length / (batchSize * poolBatches));
        expect(batches.filter(({ length }) => length > batchSize)).toEqual([]);
        expect(batches.filter(({ length }) => length < batchSize).length).toBeLessThanOrEqual(
          Math.min(1, pools),
        );
      }),
    );
  });

  it('is decided by the state of the generator', () => {
    fc.assert(
      fc.property(items, sizes, fc.integer(), (texts, batchSize, seed) => {
        const list = texts.map((text) => ({ text }));
        const once = bucketedBatches(list, batchSize, lengthOf, new Random(seed));
        expect(bucketedBatches(list, batchSize, lengthOf, new Random(seed))).toEqual(once);
      }),
    );
    const list = Array.from({ length: 60 }, (_, i) => ({ text: 'x'.repeat(i % 7) }));
    const of = (seed: number) => bucketedBatches(list, 4, lengthOf, new Random(seed));
    expect(of(1)).not.toEqual(of(2));
  });

  it('puts similar lengths together, in no order of length', () => {
    const random = new Random(4);
    const list = Array.from({ length: 400 }, () => ({ text: 'x'.repeat(random.integer(20)) }));
    const batches = bucketedBatches(list, 10, lengthOf, random);
    const spread = batches.map((batch) => {
      const lengths = batch.map(lengthOf);
      return Math.max(...lengths) - Math.min(...lengths);
    });
    expect(Math.max(...spread)).toBeLessThanOrEqual(3);
    const firsts = batches.map((batch) => lengthOf(batch[0]!));
    expect(firsts).not.toEqual([...firsts].sort((a, b) => a - b));
  });

  it('refuses sizes that are not positive integers', () => {
    for (const size of [0, -1, 1.5, NaN]) {
      expect(() => bucketedBatches([1], size, () => 1, new Random(1))).toThrow(
        new ArgumentError(`bucketedBatches: batchSize must be a positive integer, got ${size}`),
      );
    }
    for (const size of [0, -1, 1.5, NaN]) {
      expect(() => bucketedBatches([1], 2, () => 1, new Random(1), size)).toThrow(
        new ArgumentError(`bucketedBatches: poolBatches must be a positive integer, got ${size}`),
      );
    }
  });
});
