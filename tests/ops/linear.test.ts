import { describe, expect, it } from 'vitest';
import { ArgumentError, DisposedError, DTypeError, ShapeError } from '../../src/errors.ts';
import { type Activation, activations } from '../../src/ops/activation.ts';
import { addLinear, linear } from '../../src/ops/linear.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { matmul, transpose } from '../reference/matmul.ts';
import { expectSameBits } from '../support/bits.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

/** x [rows, inputs] · W [outputs, inputs]^T + b. */
function project(
  x: Float64Array,
  weight: Float64Array,
  bias: Float64Array | null,
  [rows, inputs, outputs]: readonly [number, number, number],
): Float64Array {
  return matmul(x, transpose(weight, outputs, inputs), bias, null, rows, outputs, inputs);
}

/** Columns [from, to) of w [rows, columns]. */
function columnsOf(w: Float64Array, columns: number, from: number, to: number): Float64Array {
  return w.filter((_, i) => i % columns >= from && i % columns < to);
}

/** The error function by a series without cancellation (Abramowitz & Stegun 7.1.6). */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const exactActivations: Readonly<Record<Activation, (x: number) => number>> = {
  none: (x) => x,
  relu: (x) => Math.max(x, 0),
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  silu: (x) => x * sigmoid(x),
  tanh: Math.tanh,
  geluTanh: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  sigmoid,
};
const activationNames = Object.keys(activations) as Activation[];

describe.each(variants)('linear ops, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const sizes = [
    [1, 1, 1],
    [3, 5, 7],
    [4, 8, 16],
    [9, 17, 13],
    [0, 3, 5],
    [3, 0, 5],
    [3, 5, 0],
  ] as const;

  it.each(sizes)('linear: %i rows, %i inputs, %i outputs', (rows, inputs, outputs) => {
    const x = normal(random, [rows, inputs]);
    const w = normal(random, [outputs, inputs]);
    const b = normal(random, [outputs]);
    const size = [rows, inputs, outputs] as const;
    for (const constant of [[], ['x'], ['w'], ['b']] as const) {
      checkOp(runtime, {
        inputs: { x, w, b },
        constant,
        op: (t, own) => linear(t.x, own(new PackedWeight(t.w)), t.b),
        reference: (t) => project(t.x, t.w, t.b, size),
      });
    }
    checkOp(runtime, {
      inputs: { x, w },
      op: (t, own) => linear(t.x, own(new PackedWeight(t.w))),
      reference: (t) => project(t.x, t.w, null, size),
    });
  });

  it.each(sizes)('addLinear: %i rows, %i inputs, %i outputs', (rows, inputs, outputs) => {
    const base = normal(random, [rows, outputs]);
    const x = normal(random, [rows, inputs]);
    const w = normal(random, [outputs, inputs]);
    checkOp(runtime, {
      inputs: { base, x, w },
      op: (t, own) => addLinear(t.base, t.x, own(new PackedWeight(t.w))),
      reference: (t) => {
        const y = project(t.x, t.w, null, [rows, inputs, outputs]);
        return y.map((value, i) => value + t.base[i]!);
      },
    });
  });

  describe.each(activationNames)('followed by %s', (activation) => {
    it('gives what the activation of its own gives, to the bit', () => {
      const sizes = [
        [1, 1, 1],
        [1, 5, 33],
        [2, 5, 17],
        [7, 9, 13],
        [25, 17, 31],
        [97, 65, 40],
        [97, 1600, 9],
        [3, 0, 5],
      ] as const;
      for (const [rows, inputs, outputs] of sizes) {
        runtime.scope(() => {
          const weight = new PackedWeight(
            Tensor.from(runtime, random.normals(outputs * inputs), [outputs, inputs]),
          );
          const x = Tensor.from(runtime, random.normals(rows * inputs, 3), [rows, inputs]);
          const bias = Tensor.from(runtime, random.normals(outputs), [outputs]);
          for (const b of [bias, undefined]) {
            const fused = linear(x, weight, b, activation).toArray();
            const alone = activations[activation](linear(x, weight, b)).toArray();
            expectSameBits(fused, alone, `${rows} x ${outputs}`);
          }
          weight.dispose();
        });
      }
    });

    it('is the activation, and passes gradients on', () => {
      const size = [3, 5, 7] as const;
      const [x, w, b] = [normal(random, [3, 5]), normal(random, [7, 5]), normal(random, [7])];
      const activate = exactActivations[activation];
      for (const constant of [[], ['x'], ['w', 'b']] as const) {
        checkOp(runtime, {
          inputs: { x, w, b },
          constant,
          op: (t, own) => linear(t.x, own(new PackedWeight(t.w)), t.b, activation),
          reference: (t) => project(t.x, t.w, t.b, size).map((each) => activate(each)),
        });
      }
      checkOp(runtime, {
        inputs: { x, w },
        op: (t, own) => linear(t.x, own(new PackedWeight(t.w)), undefined, activation),
        reference: (t) => project(t.x, t.w, null, size).map((each) => activate(each)),
      });
    });
  });

  it.each(['elu', 'None', '', 'toString', null, 0])('refuses the activation %j', (activation) => {
    const before = runtime.memory.usedBytes;
    runtime.scope(() => {
      const weight = new PackedWeight(Tensor.zeros(runtime, [4, 3]));
      const x = Tensor.zeros(runtime, [2, 3]);
      expect(() => linear(x, weight, undefined, activation as Activation)).toThrow(
        new ArgumentError(
          `linear: activation must be one of none, relu, gelu, silu, tanh, sigmoid, geluTanh, got ${activation}`,
        ),
      );
    });
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('any number of leading axes', () => {
    const x = normal(random, [2, 3, 1, 5]);
    const w = normal(random, [4, 5]);
    runtime.scope(() => {
      const weight = new PackedWeight(Tensor.from(runtime, w.values, w.shape));
      expect(linear(Tensor.from(runtime, x.values, x.shape), weight).shape).toEqual([2, 3, 1, 4]);
      expect(linear(Tensor.from(runtime, x.values.subarray(0, 5), [5]), weight).shape).toEqual([4]);
      weight.dispose();
    });
  });

  it('uses ranges of input columns, and puts their gradients there', () => {
    const x = normal(random, [3, 4]);
    const y = normal(random, [3, 2]);
    const w = normal(random, [5, 9]);
    checkOp(runtime, {
      inputs: { x, y, w },
      op: (t, own) => {
        const left = own(new PackedWeight(t.w, { from: 1, to: 5 }));
        const right = own(new PackedWeight(t.w, { from: 6, to: 8 }));
        return addLinear(linear(t.x, left), t.y, right);
      },
      reference: (t) => {
        const left = project(t.x, columnsOf(t.w, 9, 1, 5), null, [3, 4, 5]);
        const right = project(t.y, columnsOf(t.w, 9, 6, 8), null, [3, 2, 5]);
        return left.map((value, i) => value + right[i]!);
      },
    });
  });

  it('one weight and one input used twice', () => {
    const x = normal(random, [3, 5]);
    const w = normal(random, [5, 5]);
    checkOp(runtime, {
      inputs: { x, w },
      op: (t, own) => {
        const weight = own(new PackedWeight(t.w));
        return addLinear(t.x, linear(t.x, weight), weight);
      },
      reference: (t) => {
        const once = project(t.x, t.w, null, [3, 5, 5]);
        return project(once, t.w, null, [3, 5, 5]).map((value, i) => value + t.x[i]!);
      },
    });
  });

  it('sees a weight that was overwritten', () => {
    runtime.scope(() => {
      const w = Tensor.from(runtime, [1, 2], [1, 2]);
      const weight = new PackedWeight(w);
      const x = Tensor.from(runtime, [1, 1], [1, 2]);
      expect(linear(x, weight).item()).toBe(3);
      w.set([10, 20]);
      expect(linear(x, weight).item()).toBe(30);
      weight.dispose();
    });
  });

  it('refuses shapes that do not fit, and integers', () => {
    const before = runtime.memory.usedBytes;
    runtime.scope(() => {
      const weight = new PackedWeight(Tensor.zeros(runtime, [4, 3]));
      const x = Tensor.zeros(runtime, [2, 3]);
      expect(() => linear(Tensor.zeros(runtime, [2, 4]), weight)).toThrow(
        new ShapeError("linear: x is [2, 4], weight takes 3 inputs (x's last must equal them)"),
      );
      expect(() => linear(Tensor.zeros(runtime, []), weight)).toThrow(ShapeError);
      expect(() => linear(x, weight, Tensor.zeros(runtime, [3]))).toThrow(
        new ShapeError('linear: bias must be [4], got [3]'),
      );
      expect(() => addLinear(x, x, weight)).toThrow(
        new ShapeError('addLinear: base must be [2, 4], got [2, 3]'),
      );
      expect(() => new PackedWeight(Tensor.zeros(runtime, [3]))).toThrow(
        new ShapeError('linear: weight must be [*, *], got [3]'),
      );
      expect(() => new PackedWeight(x, { from: 1, to: 4 })).toThrow(
        new ArgumentError('linear: columns must lie within 0..3, got 1..4'),
      );
      expect(() => linear(Tensor.zeros(runtime, [2, 3], 'i32'), weight)).toThrow(DTypeError);
      weight.dispose();
    });
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('leaks nothing when the input or the bias was disposed', () => {
    runtime.scope(() => {
      const weight = new PackedWeight(Tensor.zeros(runtime, [4, 3]));
      const x = Tensor.zeros(runtime, [2, 3]);
      const bias = Tensor.zeros(runtime, [4]);
      const base = Tensor.zeros(runtime, [2, 4]);
      linear(x, weight, bias).dispose();
      const { usedBytes } = runtime.memory;
      bias.dispose();
      expect(() => linear(x, weight, bias)).toThrow(DisposedError);
      x.dispose();
      expect(() => linear(x, weight)).toThrow(DisposedError);
      expect(() => addLinear(base, x, weight)).toThrow(DisposedError);
      expect(runtime.memory.usedBytes).toBe(usedBytes - 32 - 16);
      weight.dispose();
    });
  });

  it('leaks nothing when the weight was disposed', () => {
    runtime.scope(() => {
      const w = Tensor.zeros(runtime, [4, 3]);
      const x = Tensor.zeros(runtime, [2, 3]);
      const base = Tensor.zeros(runtime, [2, 4]);
      const weight = new PackedWeight(w);
      w.dispose();
      const before = runtime.memory.usedBytes;
      expect(() => linear(x, weight)).toThrow(DisposedError);
      expect(() => addLinear(base, x, weight)).toThrow(DisposedError);
      weight.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });
});
