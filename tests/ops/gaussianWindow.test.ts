import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { gaussianWindow } from '../../src/ops/gaussianWindow.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { gaussianWindow as reference } from '../reference/gaussianWindow.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('gaussianWindow, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  it.each([
    [[1, 1, 1], 0.5],
    [[2, 3, 7], 2],
    [[3, 9], 1.5],
    [[5], 3],
    [[0, 2, 3], 1],
    [[2, 2, 0], 1],
  ])('weights %j, half width %f', (shape, halfWidth) => {
    const keys = shape.at(-1)!;
    const rows = shape.slice(0, -1);
    const positions = normal(random, rows, 1);
    positions.values.forEach((v, i) => {
      positions.values[i] = keys / 2 + v;
    });
    for (const constant of [[], ['weights'], ['positions']] as const) {
      checkOp(runtime, {
        inputs: { weights: normal(random, shape), positions },
        constant,
        op: (t) => gaussianWindow(t.weights, t.positions, halfWidth),
        reference: (t) => reference(t.weights, t.positions, keys, halfWidth),
      });
    }
  });

  it('refuses what does not fit, and keeps no memory then', () => {
    runtime.scope(() => {
      const weights = Tensor.zeros(runtime, [2, 3, 4]);
      const positions = Tensor.zeros(runtime, [2, 3]);
      const scalar = Tensor.zeros(runtime, []);
      const before = runtime.memory.usedBytes;
      expect(() => gaussianWindow(weights, positions.reshape([6]), 1)).toThrow(
        new ShapeError('gaussianWindow: positions must be [2, 3], got [6]'),
      );
      expect(() => gaussianWindow(scalar, positions, 1)).toThrow(ShapeError);
      for (const halfWidth of [0, -1, NaN, Infinity]) {
        expect(() => gaussianWindow(weights, positions, halfWidth)).toThrow(
          new ArgumentError(`gaussianWindow: halfWidth must be positive and finite, got ${halfWidth}`),
        );
      }
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });
});
