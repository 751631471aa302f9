import { ArgumentError } from '../errors.ts';
import type { Random } from '../tensor/random.ts';

/**
 * Groups items of similar length into batches, so that little padding is computed: items are shuffled, sorted by
 * length within pools of many batches, cut into batches, and the batches shuffled. Every item appears exactly once; the
 * last batch of a pool may be smaller.
 * @param lengthOf what padding is measured by
 * @param random decides the order; equal states give equal batches
 * @throws ArgumentError unless batchSize is a positive integer
 */
export function bucketedBatches<Item>(
  items: readonly Item[],
  batchSize: number,
  lengthOf: (item: Item) => number,
  random: Random,
  poolBatches = 100,
): Item[][] {
  for (const [name, value] of Object.entries({ batchSize, poolBatches })) {
    if (!(Number.isInteger(value) && value > 0)) {
      throw new ArgumentError(`bucketedBatches: ${name} must be a positive integer, got ${value}`);
    }
  }
  const shuffled = random.shuffle([...items]);
  const batches: Item[][] = [];
  const poolSize = batchSize * poolBatches;
  for (let start = 0; start < shuffled.length; start += poolSize) {
    const pool = shuffled.slice(start, start + poolSize).sort((a, b) => lengthOf(a) - lengthOf(b));
    for (let i = 0; i < pool.length; i += batchSize) batches.push(pool.slice(i, i + batchSize));
  }
  return random.shuffle(batches);
}
