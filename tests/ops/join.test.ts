import { describe, expect, it } from 'vitest';
import { DTypeError, ShapeError } from '../../src/errors.ts';
import { concatenate, stack } from '../../src/ops/join.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

/** Rows of the parts side by side. */
function joined(parts: readonly Float64Array[], rows: number): Float64Array {
  const row = (r: number) =>
    parts.flatMap((part) => [...part.subarray((r * part.length) / rows, ((r + 1) * part.length) / rows)]);
  return Float64Array.from(Array.from({ length: rows }, (_, r) => row(r)).flat());
}

describe.each(variants)('joining ops, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  it.each([
    [[3], [5], [1]],
    [
      [2, 3],
      [2, 8],
      [2, 1],
    ],
    [
      [2, 3, 4],
      [2, 3, 5],
      [2, 3, 0],
    ],
    [
      [0, 3],
      [0, 2],
      [0, 1],
    ],
  ])('concatenate %j, %j, %j', (...shapes) => {
    const [a, b, c] = shapes.map((shape) => normal(random, shape)) as [Input, Input, Input];
    const rows = shapes[0].slice(0, -1).reduce((x, y) => x * y, 1);
    for (const constant of [[], ['a', 'c']] as const) {
      checkOp(runtime, {
        inputs: { a, b, c },
        constant,
        op: (t) => concatenate([t.a, t.b, t.c]),
        reference: (t) => joined([t.a, t.b, t.c], rows),
      });
    }
    checkOp(runtime, {
      inputs: { a, b },
      op: (t) => concatenate([t.a, t.b, t.a]),
      reference: (t) => joined([t.a, t.b, t.a], rows),
    });
  });

  it.each([[[]], [[0]], [[3]], [[2, 5]], [[2, 0, 3]]])('stack of %j', (shape) => {
    const a = normal(random, shape);
    const b = normal(random, shape);
    checkOp(runtime, {
      inputs: { a, b },
      op: (t) => stack([t.a, t.b, t.a]),
      reference: (t) => Float64Array.from([...t.a, ...t.b, ...t.a]),
    });
    checkOp(runtime, {
      inputs: { a, b },
      constant: ['b'],
      op: (t) => stack([t.b, t.a]),
      reference: (t) => Float64Array.from([...t.b, ...t.a]),
    });
  });

  it('give the joined shape', () => {
    runtime.scope(() => {
      const zeros = (...shape: number[]) => Tensor.zeros(runtime, shape);
      expect(concatenate([zeros(2, 3), zeros(2, 4)]).shape).toEqual([2, 7]);
      expect(stack([zeros(2, 3), zeros(2, 3)]).shape).toEqual([2, 2, 3]);
    });
  });

  it('refuse nothing, shapes that differ and integers, and keep no memory then', () => {
    runtime.scope(() => {
      const a = Tensor.zeros(runtime, [2, 3]);
      const b = Tensor.zeros(runtime, [3, 2]);
      const scalar = Tensor.zeros(runtime, []);
      const integers = Tensor.zeros(runtime, [2, 3], 'i32');
      const before = runtime.memory.usedBytes;
      expect(() => concatenate([])).toThrow(new ShapeError('concatenate: needs at least one tensor'));
      expect(() => stack([])).toThrow(new ShapeError('stack: needs at least one tensor'));
      expect(() => concatenate([a, b])).toThrow(
        new ShapeError('concatenate: leading axes differ: the first is [2, 3], another [3, 2]'),
      );
      expect(() => concatenate([scalar, scalar])).toThrow(
        new ShapeError('concatenate: a scalar has no axis to join'),
      );
      expect(() => stack([a, b])).toThrow(
        new ShapeError('stack: shapes differ: the first is [2, 3], another [3, 2]'),
      );
      expect(() => concatenate([a, integers])).toThrow(DTypeError);
      expect(() => stack([a, integers])).toThrow(DTypeError);
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });
});

type Input = ReturnType<typeof normal>;
