import { describe, expect, it } from 'vitest';
import { GradientExchange } from '../../models/pronounce/gradientExchange.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('GradientExchange, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const gradientsOf = (a: readonly number[], b: number): Map<string, Tensor> =>
    new Map([
      ['a', Tensor.from(runtime, a)],
      ['b', Tensor.from(runtime, [b], [])],
    ]);

  it('sums shards in their order, whoever wrote first', () => {
    // In float32 the order decides: (1e8 - 1e8) + 3 is 3, 1e8 + (-1e8 + 3) is 0.
    const shards = [1e8, -1e8, 3];
    const before = runtime.memory.usedBytes;
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      runtime.scope(() => {
        const exchange = new GradientExchange(4, 3, 1);
        for (const shard of order) {
          exchange.write(shard, 0.25 * (shard + 1), gradientsOf([shards[shard]!, shard, 1], -shard));
        }
        const sum = gradientsOf([9, 9, 9], 9);
        expect(exchange.sum(sum)).toBe(1.5);
        expect([...sum.get('a')!.toArray()]).toEqual([3, 3, 3]);
        expect(sum.get('b')!.item()).toBe(-3);
      });
    }
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('can be used step after step, and seen through its buffer', () => {
    runtime.scope(() => {
      const exchange = new GradientExchange(4, 2, 1);
      const other = new GradientExchange(4, 2, 1, exchange.buffer);
      for (let step = 1; step < 5; step++) {
        exchange.write(0, step, gradientsOf([step, 0, 0], 0));
        other.write(1, step, gradientsOf([0, step, 0], step));
        const sum = gradientsOf([0, 0, 0], 0);
        expect(exchange.sum(sum)).toBe(2 * step);
        expect([...sum.get('a')!.toArray(), sum.get('b')!.item()]).toEqual([step, step, 0, step]);
      }
    });
  });

  it('of one shard is that shard', () => {
    runtime.scope(() => {
      const exchange = new GradientExchange(4, 1, 1);
      exchange.write(0, 2, gradientsOf([1, 2, 3], 4));
      const sum = gradientsOf([0, 0, 0], 0);
      expect(exchange.sum(sum)).toBe(2);
      expect([...sum.get('a')!.toArray(), sum.get('b')!.item()]).toEqual([1, 2, 3, 4]);
    });
  });
});
