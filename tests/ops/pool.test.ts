import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { sum } from '../../src/ops/elementwise.ts';
import { maxPool1d, maxPool2d } from '../../src/ops/pool.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { largestIndices } from '../reference/pool.ts';
import { checkOp, type Input } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('max pooling, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  /** Numbers far enough apart that a step of the central differences changes no order. */
  function distinct(shape: readonly number[]): Input {
    const size = shape.reduce((a, b) => a * b, 1);
    const keys = random.normals(size);
    const order = Array.from(keys.keys()).sort((a, b) => keys[a]! - keys[b]!);
    const values = new Float32Array(size);
    order.forEach((place, rank) => {
      values[place] = (rank - size / 2) / 8;
    });
    return { shape, values };
  }

  it.each([
    { shape: [1, 1, 1, 1], kernel: [1, 1], stride: [1, 1], padding: [0, 0] },
    { shape: [0, 2, 4, 4], kernel: [2, 2], stride: [2, 2], padding: [0, 0] },
    { shape: [2, 3, 5, 7], kernel: [2, 2], stride: [2, 2], padding: [0, 0] },
    { shape: [2, 2, 7, 6], kernel: [3, 3], stride: [2, 2], padding: [1, 1] },
    { shape: [1, 2, 6, 9], kernel: [2, 4], stride: [1, 3], padding: [1, 2] },
  ] as const)('maxPool2d of $shape by $kernel, step $stride, padding $padding', ({ shape, ...window }) => {
    const { kernel, stride, padding } = window;
    checkOp(runtime, {
      inputs: { x: distinct(shape) },
      op: (t) => maxPool2d(t.x, kernel, { stride, padding }),
      reference: ({ x }) =>
        Float64Array.from(largestIndices(x, shape[0] * shape[1], shape[2], shape[3], window), (i) => x[i]!),
    });
  });

  it('maxPool1d leaves out what does not fill a window', () => {
    checkOp(runtime, {
      inputs: { x: distinct([2, 3, 7]) },
      op: (t) => maxPool1d(t.x, 2),
      reference: ({ x }) => {
        const window = { kernel: [1, 2], stride: [1, 2], padding: [0, 0] } as const;
        return Float64Array.from(largestIndices(x, 6, 1, 7, window), (i) => x[i]!);
      },
    });
  });

  it('gives NaN for NaN, -Infinity for nothing else, and the gradient to the first of equals', () => {
    runtime.scope(() => {
      const [inf, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
      const x = Tensor.from(runtime, [nan, 1, 2, nan, -inf, -inf, 3, 3, 1, inf], [1, 1, 10]);
      expect(maxPool1d(x, 2).toArray()).toEqual(Float32Array.of(nan, nan, -inf, 3, inf));
      const { gradients } = runtime.gradients(() => sum(maxPool1d(x, 2)), new Map([['x', x]]));
      expect([...gradients.get('x')!.toArray()]).toEqual([1, 0, 0, 1, 1, 0, 1, 0, 0, 1]);
    });
  });

  it('refuses what does not fit', () => {
    const before = runtime.memory.usedBytes;
    runtime.scope(() => {
      const x = Tensor.zeros(runtime, [1, 2, 4, 4]);
      expect(() => maxPool2d(x.reshape([2, 4, 4]), 2)).toThrow(
        new ShapeError('maxPool2d: x must be [*, *, *, *], got [2, 4, 4]'),
      );
      expect(() => maxPool2d(x, 5)).toThrow(
        new ShapeError('maxPool2d: a window of 5 does not fit in 4 with a padding of 0'),
      );
      expect(() => maxPool2d(x, 0)).toThrow(
        new ArgumentError('maxPool2d: kernel must be integers of at least 1, got 0'),
      );
      expect(() => maxPool2d(x, 3, { padding: 2 })).toThrow(
        new ArgumentError('maxPool2d: padding must be at most half of the window [3,3], got [2,2]'),
      );
      expect(() => maxPool1d(x, 2)).toThrow(ShapeError);
      expect(() => maxPool2d(Tensor.zeros(runtime, [1, 1, 2, 2], 'i32'), 2)).toThrow(DTypeError);
    });
    expect(runtime.memory.usedBytes).toBe(before);
  });
});
