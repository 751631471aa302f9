import { describe, expect, it } from 'vitest';
import { DTypeError, ShapeError } from '../../src/errors.ts';
import { sum } from '../../src/ops/elementwise.ts';
import { l2Normalize } from '../../src/ops/normalize.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { l2Normalize as reference } from '../reference/norm.ts';
import { checkOp, expectClose, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('l2Normalize, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  it.each([[[0]], [[5]], [[3, 7]], [[2, 3, 8]], [[4, 33]], [[0, 4]], [[3, 0]]])('shape %j', (shape) => {
    const x = normal(random, shape, 2);
    const columns = shape.at(-1)!;
    checkOp(runtime, {
      inputs: { x },
      op: (t) => l2Normalize(t.x),
      reference: (t) => reference(t.x, columns === 0 ? 0 : x.values.length / columns, columns),
    });
  });

  it('leaves zeros, which get no gradient', () => {
    runtime.scope(() => {
      const x = Tensor.from(runtime, [3, 4, 0, 0], [2, 2]);
      expectClose(l2Normalize(x).toArray(), [0.6, 0.8, 0, 0], 'normalised');
      const { gradients } = runtime.gradients(() => sum(l2Normalize(x)), new Map([['x', x]]));
      expect(gradients.get('x')!.toArray().slice(2)).toEqual(Float32Array.of(0, 0));
    });
  });

  it('refuses what does not fit', () => {
    runtime.scope(() => {
      expect(() => l2Normalize(Tensor.zeros(runtime, []))).toThrow(
        new ShapeError('l2Normalize: x must have an axis, got a scalar'),
      );
      expect(() => l2Normalize(Tensor.zeros(runtime, [2], 'i32'))).toThrow(DTypeError);
    });
  });
});
