import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { crossEntropy, crossEntropyRows } from '../../src/ops/crossEntropy.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import * as reference from '../reference/crossEntropy.ts';
import { logSoftmax } from '../reference/softmax.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('crossEntropy, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const idsOf = (ids: readonly number[]) => Tensor.from(runtime, ids, [ids.length], 'i32');

  it.each([
    [1, [0], {}],
    [7, [3, 0, 6, 3], {}],
    [16, [15, 2, 0], { labelSmoothing: 0.1 }],
    [5, [1, 0, 4, 0, 2], { ignored: 0 }],
    [5, [1, -100, 4], { ignored: -100, labelSmoothing: 0.2 }],
    [5, [1, 3, 4], { divisor: 1 }],
    [5, [0, 0, 4], { ignored: 0, divisor: 11, labelSmoothing: 1 }],
    [6, [], { divisor: 3 }],
  ])('%i classes, targets %j, %j', (classes, targets, options) => {
    const {
      ignored = -1,
      labelSmoothing = 0,
      divisor,
    } = options as {
      ignored?: number;
      labelSmoothing?: number;
      divisor?: number;
    };
    const counted = divisor ?? targets.filter((target) => target !== ignored).length;
    checkOp(runtime, {
      inputs: { logits: normal(random, [targets.length, classes], 2) },
      op: (t) => crossEntropy(t.logits, idsOf(targets), options),
      reference: ({ logits }) => {
        const logProbabilities = logSoftmax(logits, null, null, targets.length, classes);
        const losses = reference.crossEntropy(logProbabilities, targets, classes, ignored, labelSmoothing);
        return [losses.reduce((a, b) => a + b, 0) / counted];
      },
    });
  });

  it.each([
    [7, [3, 0, 6, 3], {}],
    [5, [1, -1, 4, 0, 2], { ignored: -1 }],
    [5, [1, 0, 4], { ignored: 0, labelSmoothing: 0.2 }],
    [6, [], {}],
  ])('row by row, %i classes, targets %j, %j', (classes, targets, options) => {
    const { ignored = -1, labelSmoothing = 0 } = options as { ignored?: number; labelSmoothing?: number };
    checkOp(runtime, {
      inputs: { logits: normal(random, [targets.length, classes], 2) },
      op: (t) => crossEntropyRows(t.logits, idsOf(targets), options),
      reference: ({ logits }) => {
        const logProbabilities = logSoftmax(logits, null, null, targets.length, classes);
        return reference.crossEntropy(logProbabilities, targets, classes, ignored, labelSmoothing);
      },
    });
  });

  it('is NaN where nothing counts', () => {
    runtime.scope(() => {
      const logits = Tensor.zeros(runtime, [2, 3]);
      expect(crossEntropy(logits, idsOf([0, 0]), { ignored: 0 }).item()).toBeNaN();
    });
  });

  it('allocates only its result where nothing is recorded', () => {
    runtime.scope(() => {
      const logits = Tensor.zeros(runtime, [5, 30]);
      const targets = idsOf([0, 1, 2, 3, 4]);
      const before = runtime.memory.usedBytes;
      crossEntropy(logits, targets).dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });

  it('refuses what does not fit', () => {
    runtime.scope(() => {
      const logits = Tensor.zeros(runtime, [2, 3]);
      const targets = idsOf([0, 1]);
      expect(() => crossEntropy(Tensor.zeros(runtime, [6]), targets)).toThrow(
        new ShapeError('crossEntropy: logits must be [*, *], got [6]'),
      );
      expect(() => crossEntropy(logits, idsOf([0]))).toThrow(
        new ShapeError('crossEntropy: targets must be [2], got [1]'),
      );
      expect(() => crossEntropy(logits, Tensor.zeros(runtime, [2]))).toThrow(
        new DTypeError('crossEntropy: targets must be i32, got f32'),
      );
      expect(() => crossEntropy(Tensor.zeros(runtime, [2, 3], 'i32'), targets)).toThrow(DTypeError);
      expect(() => crossEntropy(logits, idsOf([0, 3]))).toThrow(
        new ArgumentError('crossEntropy: targets: ids must lie in 0..2, got 3 at index 1'),
      );
      for (const labelSmoothing of [-0.1, 1.1, NaN]) {
        expect(() => crossEntropy(logits, targets, { labelSmoothing })).toThrow(
          new ArgumentError(`crossEntropy: labelSmoothing must lie in [0, 1], got ${labelSmoothing}`),
        );
      }
    });
  });
});
