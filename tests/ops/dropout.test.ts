import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { dropout } from '../../src/ops/dropout.ts';
import { multiply, sum } from '../../src/ops/elementwise.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import * as reference from '../reference/elementwise.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('dropout, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  /** The mask (0 or 1 / keep) that the seed gives, by the output and by the gradient. */
  function masks(size: number, rate: number, seed: number): { output: Float32Array; gradient: Float32Array } {
    return runtime.scope(() => {
      const x = Tensor.from(runtime, new Float32Array(size).fill(1));
      let output: Float32Array | undefined;
      const { gradients } = runtime.gradients(
        () => {
          const y = dropout(x, rate, seed);
          output = y.toFloat32Array();
          return sum(multiply(y, Tensor.from(runtime, new Float32Array(size).fill(1))));
        },
        new Map([['x', x]]),
      );
      return { output: output!, gradient: gradients.get('x')!.toFloat32Array() };
    });
  }

  it.each([0.1, 0.25, 0.5, 0.9])('keeps 1 - %d of the elements, divided by it', (rate) => {
    const size = 40_000;
    const { output } = masks(size, rate, 12345);
    const kept = output.filter((value) => value !== 0);
    // Five standard deviations of a binomial share.
    const bound = 5 * Math.sqrt((rate * (1 - rate)) / size);
    expect(Math.abs(kept.length / size - (1 - rate))).toBeLessThan(bound);
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / (1 - rate))]));
  });

  it('backwards drops what it dropped forwards', () => {
    for (const size of [1, 3, 4, 5, 1001]) {
      for (const seed of [0, 7, -1, 0xffffffff]) {
        const { output, gradient } = masks(size, 0.4, seed);
        expect(gradient).toEqual(output);
      }
    }
  });

  it('the seed decides', () => {
    expect(masks(500, 0.5, 3)).toEqual(masks(500, 0.5, 3));
    expect(masks(500, 0.5, 3).output).not.toEqual(masks(500, 0.5, 4).output);
    expect(masks(500, 0.5, 2 ** 32 + 3)).toEqual(masks(500, 0.5, 3));
  });

  it('neighbours and neighbouring seeds are independent', () => {
    const size = 20_000;
    const first = masks(size, 0.5, 100).output;
    const second = masks(size, 0.5, 101).output;
    const bound = (5 * 0.5) / Math.sqrt(size);
    const share = (equal: (i: number) => boolean): number =>
      Array.from({ length: size - 1 }, (_, i) => (equal(i) ? 1 : 0)).reduce((a: number, b) => a + b, 0) /
      (size - 1);
    expect(Math.abs(share((i) => first[i] === first[i + 1]) - 0.5)).toBeLessThan(bound);
    expect(Math.abs(share((i) => first[i] === second[i]) - 0.5)).toBeLessThan(bound);
    // The generator steps through its seeds by the same constant as through the indices: not by 1.
    expect(Math.abs(share((i) => first[i + 1] === second[i]) - 0.5)).toBeLessThan(bound);
  });

  it('equals its reference', () => {
    const x = normal(random, [3, 7]);
    const threshold = Math.round(0.6 * 2 ** 31) - 1;
    const mask = reference.dropout(new Float64Array(21).fill(1), 9, threshold, 1 / 0.6);
    runtime.scope(() => {
      let output: Float32Array | undefined;
      const tensor = Tensor.from(runtime, x.values, x.shape);
      const { gradients } = runtime.gradients(
        () => {
          const y = dropout(tensor, 0.4, 9);
          output = y.toFloat32Array();
          return sum(multiply(y, tensor));
        },
        new Map([['x', tensor]]),
      );
      expect(output).toEqual(
        Float32Array.from(mask, (factor, i) => (factor === 0 ? 0 : Math.fround(factor) * x.values[i]!)),
      );
      const expected = mask.map((factor, i) => 2 * factor * x.values[i]!);
      gradients
        .get('x')!
        .toArray()
        .forEach((value, i) => {
          expect(value).toBeCloseTo(expected[i]!, 5);
        });
    });
  });

  it('is the identity where nothing is recorded, and at rate 0', () => {
    const x = normal(random, [5]);
    runtime.scope(() => {
      const tensor = Tensor.from(runtime, x.values, x.shape);
      expect(dropout(tensor, 0.5, 1)).toBe(tensor);
    });
    checkOp(runtime, { inputs: { x }, op: (t) => dropout(t.x, 0, 1), reference: (t) => t.x });
  });

  it('refuses rates outside [0, 1)', () => {
    runtime.scope(() => {
      const x = Tensor.zeros(runtime, [2]);
      for (const rate of [-0.1, 1, 2, NaN]) {
        expect(() => dropout(x, rate, 1)).toThrow(
          new ArgumentError(`dropout: rate must lie in [0, 1), got ${rate}`),
        );
      }
    });
  });
});
