import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { logSoftmax, softmax } from '../../src/ops/softmax.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import * as reference from '../reference/softmax.ts';
import { checkOp, expectClose, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('softmax ops, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const shapes = [[0], [1], [5], [3, 7], [2, 3, 8], [2, 1, 17], [0, 4], [3, 0]];
  const lengthsOf = (lengths: readonly number[]) => Tensor.from(runtime, lengths, [lengths.length], 'i32');

  describe.each([
    ['softmax', softmax, reference.softmax],
    ['logSoftmax', logSoftmax, reference.logSoftmax],
  ] as const)('%s', (_, op, expected) => {
    it.each(shapes.map((shape) => ({ shape })))('shape $shape', ({ shape }) => {
      const x = normal(random, shape, 2);
      const columns = shape.at(-1)!;
      const rows = columns === 0 ? 0 : x.values.length / columns;
      checkOp(runtime, {
        inputs: { x },
        op: (t) => op(t.x),
        reference: (t) => expected(t.x, null, null, rows, columns),
      });
    });

    it('an additive mask repeats over the leading axes', () => {
      const x = normal(random, [2, 3, 5]);
      const mask = normal(random, [3, 5]);
      const row = normal(random, [5]);
      for (const [{ shape, values }, maskRows] of [
        [mask, 3],
        [row, 1],
      ] as const) {
        checkOp(runtime, {
          inputs: { x },
          op: (t) => op(t.x, { additive: Tensor.from(runtime, values, shape) }),
          reference: (t) => expected(t.x, values, null, 6, 5, maskRows),
        });
      }
    });
  });

  it('softmax: positions from a length on weigh 0, and so does their gradient', () => {
    const x = normal(random, [3, 2, 5]);
    checkOp(runtime, {
      inputs: { x },
      op: (t) => softmax(t.x, { lengths: lengthsOf([5, 0, 3]) }),
      reference: (t) => reference.softmax(t.x, null, [5, 0, 3], 6, 5, 1, 2),
    });
  });

  it('logSoftmax: positions from a length on are -Infinity', () => {
    const x = normal(random, [3, 2, 5]);
    runtime.scope(() => {
      const y = logSoftmax(Tensor.from(runtime, x.values, x.shape), { lengths: lengthsOf([5, 0, 3]) });
      expectClose(y.toArray(), reference.logSoftmax(x.values, null, [5, 0, 3], 6, 5, 1, 2), 'y');
    });
  });

  it('a row that sees nothing is zeros, -Infinity in the log form, and a NaN stays in its row', () => {
    runtime.scope(() => {
      const x = Tensor.from(
        runtime,
        [1, 2, 3, -Infinity, -Infinity, -Infinity, 1, NaN, 2, -Infinity, 0, 0],
        [4, 3],
      );
      const y = softmax(x).toArray();
      expect([...y.subarray(3, 6)]).toEqual([0, 0, 0]);
      expect([...y.subarray(6, 9)]).toEqual([NaN, NaN, NaN]);
      expect([...y.subarray(9)]).toEqual([0, 0.5, 0.5]);
      expect([...logSoftmax(x).toArray().subarray(3, 6)]).toEqual([-Infinity, -Infinity, -Infinity]);
    });
  });

  it('a planted outlier does not disturb the rest', () => {
    const x = normal(random, [4, 33]);
    x.values.set([80], 40);
    x.values.set([-80], 70);
    checkOp(runtime, {
      inputs: { x },
      op: (t) => softmax(t.x),
      reference: (t) => reference.softmax(t.x, null, null, 4, 33),
    });
  });

  it('refuses what does not fit, and keeps no memory then', () => {
    runtime.scope(() => {
      const x = Tensor.zeros(runtime, [2, 3]);
      const scalar = Tensor.zeros(runtime, []);
      const integers = Tensor.zeros(runtime, [2, 3], 'i32');
      const mask = Tensor.zeros(runtime, [2]);
      const lengths = [[1], [1, 4], [-1, 2]].map(lengthsOf);
      const floats = Tensor.zeros(runtime, [2]);
      const before = runtime.memory.usedBytes;
      expect(() => softmax(scalar)).toThrow(new ShapeError('softmax: x must have an axis, got a scalar'));
      expect(() => softmax(x, { lengths: lengths[0] })).toThrow(
        new ShapeError('softmax: lengths must be [2] for x [2, 3], got [1]'),
      );
      expect(() => logSoftmax(x, { lengths: lengths[1] })).toThrow(
        new ArgumentError('logSoftmax: lengths must lie in 0..3, got 4 at index 1'),
      );
      expect(() => softmax(x, { lengths: lengths[2] })).toThrow(
        new ArgumentError('softmax: lengths must lie in 0..3, got -1 at index 0'),
      );
      expect(() => softmax(x, { lengths: floats })).toThrow(
        new DTypeError('softmax: lengths must be i32, got f32'),
      );
      expect(() => softmax(x, { additive: mask })).toThrow(
        new ShapeError('softmax: mask [2] must equal the last axes of x [2, 3]'),
      );
      expect(() => softmax(x, { additive: scalar })).toThrow(
        new ShapeError('softmax: mask [] must equal the last axes of x [2, 3]'),
      );
      expect(() => softmax(integers)).toThrow(new DTypeError('softmax: x must be f32, got i32'));
      expect(() => softmax(x, { additive: integers })).toThrow(
        new DTypeError('softmax: mask must be f32, got i32'),
      );
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });
});
