import { describe, expect, it } from 'vitest';
import { DTypeError, ShapeError } from '../../src/errors.ts';
import { entropy } from '../../src/ops/entropy.ts';
import { softmax } from '../../src/ops/softmax.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { entropy as reference } from '../reference/entropy.ts';
import { softmax as softmaxReference } from '../reference/softmax.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('entropy, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  it.each([[[1, 1]], [[2, 3, 7]], [[9]], [[0, 4]], [[3, 0]]])('of a softmax, shape %j', (shape) => {
    const columns = shape.at(-1)!;
    const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    checkOp(runtime, {
      inputs: { x: normal(random, shape) },
      op: (t) => entropy(softmax(t.x)),
      reference: (t) => reference(softmaxReference(t.x, null, null, rows, columns), rows, columns),
    });
  });

  it('under a mask: what is hidden counts for nothing, and gets no gradient', () => {
    const lengths = [0, 1, 3];
    checkOp(runtime, {
      inputs: { x: normal(random, [3, 2, 4]) },
      op: (t) => entropy(softmax(t.x, { lengths: Tensor.from(runtime, lengths, [3], 'i32') })),
      reference: (t) => reference(softmaxReference(t.x, null, lengths, 6, 4, 1, 2), 6, 4),
    });
  });

  it('is ln n where n are equal, 0 where one is certain', () => {
    runtime.scope(() => {
      const weights = Tensor.from(runtime, [0.25, 0.25, 0.25, 0.25, 0, 1, 0, 0], [2, 4]);
      expect(entropy(weights).toArray()).toEqual(Float32Array.of(Math.log(4), 0));
    });
  });

  it('refuses what does not fit', () => {
    runtime.scope(() => {
      expect(() => entropy(Tensor.zeros(runtime, []))).toThrow(
        new ShapeError('entropy: weights must have an axis, got a scalar'),
      );
      expect(() => entropy(Tensor.zeros(runtime, [2], 'i32'))).toThrow(DTypeError);
    });
  });
});
