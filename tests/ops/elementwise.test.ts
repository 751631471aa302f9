import { describe, expect, it } from 'vitest';
import { DTypeError, ShapeError } from '../../src/errors.ts';
import { add, exp, multiply, scale, sigmoid, sum, tanh } from '../../src/ops/elementwise.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import * as reference from '../reference/elementwise.ts';
import { sum as referenceSum } from '../reference/reduce.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

const shapes = [[], [0], [1], [3, 5], [2, 3, 7], [4, 16]];

describe.each(variants)('elementwise ops, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  describe.each(shapes.map((shape) => ({ shape })))('shape $shape', ({ shape }) => {
    const a = normal(random, shape);
    const b = normal(random, shape);

    it.each([
      ['add', add, reference.add],
      ['multiply', multiply, reference.multiply],
    ] as const)('%s', (_, op, expected) => {
      checkOp(runtime, { inputs: { a, b }, op: (x) => op(x.a, x.b), reference: (x) => expected(x.a, x.b) });
      checkOp(runtime, { inputs: { a }, op: (x) => op(x.a, x.a), reference: (x) => expected(x.a, x.a) });
      checkOp(runtime, {
        inputs: { a, b },
        constant: ['b'],
        op: (x) => op(x.a, x.b),
        reference: (x) => expected(x.a, x.b),
      });
    });

    it.each([
      ['tanh', tanh, reference.tanh],
      ['sigmoid', sigmoid, reference.sigmoid],
      ['exp', exp, reference.exp],
    ] as const)('%s', (_, op, expected) => {
      checkOp(runtime, { inputs: { a }, op: (x) => op(x.a), reference: (x) => expected(x.a) });
    });

    it('scale', () => {
      checkOp(runtime, {
        inputs: { a },
        op: (x) => scale(x.a, -2.5),
        reference: (x) => reference.scale(x.a, -2.5),
      });
    });

    it('sum', () => {
      checkOp(runtime, { inputs: { a }, op: (x) => sum(x.a), reference: (x) => [referenceSum(x.a)] });
    });
  });

  it('adds up the gradients of all uses of an input', () => {
    const a = normal(random, [7]);
    checkOp(runtime, {
      inputs: { a },
      op: (x) => [multiply(tanh(x.a), x.a), add(x.a, exp(x.a)), sum(x.a)],
      reference: ({ a: x }) => [
        x.map((v) => Math.tanh(v) * v),
        x.map((v) => v + Math.exp(v)),
        [referenceSum(x)],
      ],
    });
  });

  it('refuses shapes that differ', () => {
    runtime.scope(() => {
      const a = Tensor.zeros(runtime, [2, 3]);
      const b = Tensor.zeros(runtime, [3, 2]);
      expect(() => add(a, b)).toThrow(new ShapeError('add: shapes differ: a is [2, 3], b is [3, 2]'));
      expect(() => multiply(a, Tensor.zeros(runtime, [6]))).toThrow(
        new ShapeError('multiply: shapes differ: a is [2, 3], b is [6]'),
      );
      expect(() => add(a, b)).toThrow(ShapeError);
    });
  });

  it('refuses integers', () => {
    runtime.scope(() => {
      const floats = Tensor.zeros(runtime, [2]);
      const integers = Tensor.zeros(runtime, [2], 'i32');
      for (const call of [
        () => add(floats, integers),
        () => multiply(integers, floats),
        () => scale(integers, 2),
        () => tanh(integers),
        () => sigmoid(integers),
        () => exp(integers),
        () => sum(integers),
      ]) {
        expect(call).toThrow(DTypeError);
      }
    });
  });
});
