import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { layerNorm, rmsNorm } from '../../src/ops/norm.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import * as reference from '../reference/norm.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('norm ops, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const shapes = [[0], [5], [3, 7], [2, 3, 8], [2, 1, 17], [4, 33], [0, 4], [3, 0]];
  const epsilon = 0.1;

  describe.each(shapes.map((shape) => ({ shape })))('shape $shape', ({ shape }) => {
    const x = normal(random, shape, 2);
    const columns = shape.at(-1)!;
    const rows = columns === 0 ? 0 : x.values.length / columns;
    const weight = normal(random, [columns]);
    const bias = normal(random, [columns]);

    it('layerNorm', () => {
      for (const constant of [[], ['x'], ['weight', 'bias']] as const) {
        checkOp(runtime, {
          inputs: { x, weight, bias },
          constant,
          op: (t) => layerNorm(t.x, { weight: t.weight, bias: t.bias, epsilon }),
          reference: (t) => reference.layerNorm(t.x, t.weight, t.bias, rows, columns, epsilon),
        });
      }
      checkOp(runtime, {
        inputs: { x },
        op: (t) => layerNorm(t.x, { epsilon }),
        reference: (t) => reference.layerNorm(t.x, null, null, rows, columns, epsilon),
      });
    });

    it('rmsNorm', () => {
      for (const constant of [[], ['x'], ['weight']] as const) {
        checkOp(runtime, {
          inputs: { x, weight },
          constant,
          op: (t) => rmsNorm(t.x, { weight: t.weight, epsilon }),
          reference: (t) => reference.rmsNorm(t.x, t.weight, rows, columns, epsilon),
        });
      }
      checkOp(runtime, {
        inputs: { x },
        op: (t) => rmsNorm(t.x, { epsilon }),
        reference: (t) => reference.rmsNorm(t.x, null, rows, columns, epsilon),
      });
    });
  });

  it('a mean a million times the deviation leaves the normalised values as they are', () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => 2 ** 20 + (i % 8));
    runtime.scope(() => {
      const y = layerNorm(Tensor.from(runtime, values, [1, 64]), { epsilon: 0 }).toArray();
      const deviation = Math.sqrt((8 * 8 - 1) / 12);
      y.forEach((value, i) => {
        expect(Math.abs(value - ((i % 8) - 3.5) / deviation)).toBeLessThan(1e-6);
      });
    });
  });

  it('the defaults are 1e-5 for layer norm and 1e-6 for RMS norm', () => {
    const x = normal(random, [2, 6], 1e-3);
    checkOp(runtime, {
      inputs: { x },
      constant: ['x'],
      op: (t) => [layerNorm(t.x), rmsNorm(t.x)],
      reference: (t) => [
        reference.layerNorm(t.x, null, null, 2, 6, 1e-5),
        reference.rmsNorm(t.x, null, 2, 6, 1e-6),
      ],
    });
  });

  it('refuses what does not fit, and keeps no memory then', () => {
    runtime.scope(() => {
      const x = Tensor.zeros(runtime, [2, 3]);
      const scalar = Tensor.zeros(runtime, []);
      const short = Tensor.zeros(runtime, [2]);
      const integers = Tensor.zeros(runtime, [3], 'i32');
      const before = runtime.memory.usedBytes;
      expect(() => layerNorm(scalar)).toThrow(new ShapeError('layerNorm: x must have an axis, got a scalar'));
      expect(() => rmsNorm(scalar)).toThrow(new ShapeError('rmsNorm: x must have an axis, got a scalar'));
      expect(() => layerNorm(x, { weight: short })).toThrow(
        new ShapeError('layerNorm: weight must be [3], got [2]'),
      );
      expect(() => layerNorm(x, { bias: short })).toThrow(
        new ShapeError('layerNorm: bias must be [3], got [2]'),
      );
      expect(() => rmsNorm(x, { weight: short })).toThrow(
        new ShapeError('rmsNorm: weight must be [3], got [2]'),
      );
      expect(() => rmsNorm(x, { weight: integers })).toThrow(
        new DTypeError('rmsNorm: weight must be f32, got i32'),
      );
      for (const epsilon of [-1, NaN, Infinity]) {
        expect(() => layerNorm(x, { epsilon })).toThrow(
          new ArgumentError(`layerNorm: epsilon must be finite and not negative, got ${epsilon}`),
        );
      }
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });
});
