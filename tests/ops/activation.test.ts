import { describe, expect, it } from 'vitest';
import { DTypeError } from '../../src/errors.ts';
import { gelu, geluTanh, relu, silu } from '../../src/ops/activation.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import * as reference from '../reference/activation.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

const activations = [
  ['relu', relu, reference.relu],
  ['gelu', gelu, reference.gelu],
  ['geluTanh', geluTanh, reference.geluTanh],
  ['silu', silu, reference.silu],
] as const;

describe.each(variants)('activations, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);

  describe.each(activations)('%s', (name, op, expected) => {
    it.each([[], [0], [1], [3, 5], [2, 3, 7], [4, 16]].map((shape) => ({ shape })))(
      'shape $shape',
      ({ shape }) => {
        const x = normal(seededRandom(testSeed()), shape, 2);
        // Away from relu's corner, across which a central difference would reach.
        for (let i = 0; i < x.values.length; i++) if (Math.abs(x.values[i]!) < 1e-3) x.values[i] = 0.5;
        checkOp(runtime, { inputs: { x }, op: (t) => op(t.x), reference: (t) => expected(t.x) });
      },
    );

    it('refuses integers', () => {
      runtime.scope(() => {
        const integers = Tensor.zeros(runtime, [2], 'i32');
        expect(() => op(integers)).toThrow(new DTypeError(`${name}: x must be f32, got i32`));
      });
    });
  });

  it.each([
    ['gelu', gelu, [-0.15865525, 0.84134475]],
    ['geluTanh', geluTanh, [-0.15880801, 0.84119199]],
    ['silu', silu, [-0.26894143, 0.73105857]],
  ] as const)('%s of -1 and 1 as PyTorch prints it', (_, op, expected) => {
    runtime.scope(() => {
      const y = op(Tensor.from(runtime, [-1, 1], [2])).toArray();
      for (let i = 0; i < 2; i++) expect(Math.abs(y[i]! - expected[i]!)).toBeLessThan(2e-7);
    });
  });
});
