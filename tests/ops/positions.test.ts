import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { addPositions } from '../../src/ops/positions.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('addPositions, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  it.each([
    { batch: 3, time: 4, size: 5, offset: 0 },
    { batch: 2, time: 1, size: 8, offset: 3 },
    { batch: 1, time: 2, size: 3, offset: 5 },
    { batch: 0, time: 2, size: 3, offset: 1 },
    { batch: 2, time: 0, size: 3, offset: 7 },
  ])('adds the table from $offset on to each of $batch rows, and differentiates', (shape) => {
    const { batch, time, size, offset } = shape;
    const x = normal(random, [batch, time, size]);
    const table = normal(random, [7, size]);
    const reference = (t: Record<'x' | 'table', ArrayLike<number>>) =>
      Float64Array.from(t.x, (v, i) => v + t.table[offset * size + (i % (time * size))]!);
    checkOp(runtime, { inputs: { x, table }, op: (t) => addPositions(t.x, t.table, offset), reference });
    const constant = ['table'] as const;
    checkOp(runtime, {
      inputs: { x, table },
      constant,
      op: (t) => addPositions(t.x, t.table, offset),
      reference,
    });
  });

  it('adds to each row from an offset of its own on, and differentiates', () => {
    const [batch, time, size] = [3, 2, 5];
    const offsets = [4, 0, 5];
    const x = normal(random, [batch, time, size]);
    const table = normal(random, [7, size]);
    checkOp(runtime, {
      inputs: { x, table },
      op: (t) => addPositions(t.x, t.table, offsets),
      reference: (t) =>
        Float64Array.from(t.x, (v, i) => {
          const position = offsets[Math.floor(i / (time * size))]! + (Math.floor(i / size) % time);
          return v + t.table[position * size + (i % size)]!;
        }),
    });
  });

  it('refuses positions outside the table, and what does not fit', () => {
    runtime.scope(() => {
      const [x, table] = [Tensor.zeros(runtime, [2, 3, 4]), Tensor.zeros(runtime, [5, 4])];
      const narrow = Tensor.zeros(runtime, [5, 3]);
      const integers = Tensor.zeros(runtime, [5, 4], 'i32');
      const used = runtime.memory.usedBytes;
      expect(() => addPositions(x, table, 3)).toThrow(
        new ArgumentError('addPositions: positions must lie in 0..4, got 3 of them from 3 on'),
      );
      expect(() => addPositions(x, table, [0, 3])).toThrow(
        new ArgumentError('addPositions: positions must lie in 0..4, got 3 of them from 3 on'),
      );
      expect(() => addPositions(x, table, [0])).toThrow(
        new ShapeError('addPositions: offset must be [2], got [1]'),
      );
      for (const offset of [-1, 0.5, Number.NaN]) {
        expect(() => addPositions(x, table, offset)).toThrow(ArgumentError);
      }
      expect(() => addPositions(x, narrow)).toThrow(
        new ShapeError('addPositions: table must be [*, 4], got [5, 3]'),
      );
      expect(() => addPositions(x.at(0), table)).toThrow(ShapeError);
      expect(() => addPositions(x, integers)).toThrow(DTypeError);
      expect(runtime.memory.usedBytes).toBe(used);
    });
  });
});
