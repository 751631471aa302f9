import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { add, scale, sum as sumOf } from '../../src/ops/elementwise.ts';
import { embedding } from '../../src/ops/embedding.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { gather } from '../reference/embedding.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('embedding, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const idsOf = (ids: readonly number[], shape = [ids.length]) => Tensor.from(runtime, ids, shape, 'i32');

  it.each([
    [5, 3, [1, 4, 1, 0, 1]],
    [1, 1, [0]],
    [7, 16, [6, 0]],
    [4, 5, []],
    [4, 0, [1, 2]],
  ])('of %i vectors of size %i, ids %j', (count, size, ids) => {
    checkOp(runtime, {
      inputs: { table: normal(random, [count, size]) },
      op: (t) => embedding(t.table, idsOf(ids)),
      reference: (t) => gather(t.table, ids, size),
    });
  });

  it('keeps the shape of the ids', () => {
    runtime.scope(() => {
      const table = Tensor.zeros(runtime, [4, 3]);
      expect(embedding(table, idsOf([0, 1, 2, 3, 0, 1], [2, 3])).shape).toEqual([2, 3, 3]);
      expect(embedding(table, idsOf([2], [])).shape).toEqual([3]);
    });
  });

  it('adds up over two uses of a table', () => {
    checkOp(runtime, {
      inputs: { table: normal(random, [4, 3]) },
      op: ({ table }) => [embedding(table, idsOf([0, 1, 1])), embedding(table, idsOf([1, 3]))],
      reference: ({ table }) => [gather(table, [0, 1, 1], 3), gather(table, [1, 3], 3)],
    });
  });

  it('gives the padding row no gradient', () => {
    const { values, shape } = normal(random, [4, 3]);
    runtime.scope(() => {
      const table = Tensor.from(runtime, values, shape);
      const { gradients } = runtime.gradients(
        () => sumOf(embedding(table, idsOf([2, 1, 2, 0]), 2)),
        new Map([['table', table]]),
      );
      expect([...gradients.get('table')!.toArray()]).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    });
  });

  it('leaves the padding row what other uses of the table give it, in either order', () => {
    const { values, shape } = normal(random, [3, 2]);
    runtime.scope(() => {
      const table = Tensor.from(runtime, values, shape);
      const looked = () => sumOf(embedding(table, idsOf([0, 1, 0]), 0));
      const whole = () => sumOf(scale(table, 2));
      for (const order of [
        [looked, whole],
        [whole, looked],
      ] as const) {
        const { gradients } = runtime.gradients(
          () => {
            const [first, second] = order.map((use) => use()) as [Tensor, Tensor];
            return add(first, second);
          },
          new Map([['table', table]]),
        );
        expect([...gradients.get('table')!.toArray()]).toEqual([2, 2, 3, 3, 2, 2]);
      }
    });
  });

  it('refuses what does not fit', () => {
    runtime.scope(() => {
      const table = Tensor.zeros(runtime, [4, 3]);
      expect(() => embedding(Tensor.zeros(runtime, [4]), idsOf([0]))).toThrow(
        new ShapeError('embedding: table must be [*, *], got [4]'),
      );
      expect(() => embedding(table, Tensor.zeros(runtime, [2]))).toThrow(
        new DTypeError('embedding: ids must be i32, got f32'),
      );
      expect(() => embedding(Tensor.zeros(runtime, [4, 3], 'i32'), idsOf([0]))).toThrow(DTypeError);
      expect(() => embedding(table, idsOf([0, 4]))).toThrow(
        new ArgumentError('embedding: ids must lie in 0..3, got 4 at index 1'),
      );
      expect(() => embedding(table, idsOf([-1]))).toThrow(
        new ArgumentError('embedding: ids must lie in 0..3, got -1 at index 0'),
      );
      expect(() => embedding(table, idsOf([0]), 4)).toThrow(
        new ArgumentError('embedding: paddingId must lie in 0..3, got 4'),
      );
    });
  });
});
