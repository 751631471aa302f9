import { describe, expect, it } from 'vitest';
import { ArgumentError, DisposedError, DTypeError, ShapeError, UnsupportedError } from '../../src/errors.ts';
import { fromFloat32, toFloat32 } from '../../src/io/conversion.ts';
import { quantiseRows } from '../../src/io/quantise.ts';
import { sum } from '../../src/ops/elementwise.ts';
import { Int8Weight, int8PackedBytes } from '../../src/ops/int8Weight.ts';
import { addLinear, linear } from '../../src/ops/linear.ts';
import { lstmSequence } from '../../src/ops/lstm.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { StoredTensor } from '../../src/tensor/weights.ts';
import { lstmSequenceError, quantisedError, stateErrorOf16Bits } from '../kernels/bounds.ts';
import { lstmSequence as lstmReference } from '../reference/lstm.ts';
import { dequantise, matmulTransposed, stepOf7Bits, stepOf16Bits } from '../reference/matmulInt8.ts';
import { expectSameBits } from '../support/bits.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

const EPSILON = 2 ** -24;
const random = seededRandom(testSeed());

interface Stored {
  integers: StoredTensor;
  scales: StoredTensor;
  /** What they stand for, row-major. */
  values: Float64Array;
}

function storedWeight(outputs: number, inputs: number): Stored {
  return stored(random.normals(outputs * inputs, 1 / Math.sqrt(Math.max(1, inputs))), outputs, inputs);
}

function stored(floats: Float32Array, outputs: number, inputs: number): Stored {
  const { integers, scales } = quantiseRows(floats, [outputs, inputs]);
  const values = dequantise(new Int8Array(toFloat32(integers)), toFloat32(scales), outputs, inputs);
  return { integers, scales, values };
}

function expectWithin(actual: ArrayLike<number>, expected: Float64Array, error: Float64Array): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!), `element ${i}`).toBeLessThanOrEqual(error[i]! * EPSILON);
  }
}

/** Hashes of three products' bits, of inputs from seed 1. */
const EXPECTED_BITS = [3241425018, 2271679508, 3943589220];

/** FNV-1a over the bits. */
function hash(values: Float32Array): number {
  let h = 0x811c9dc5;
  for (const word of new Uint32Array(values.buffer, values.byteOffset, values.length)) {
    h = Math.imul(h ^ word, 0x01000193) >>> 0;
  }
  return h;
}

describe.each(variants)('8-bit weights, %s', async (variant) => {
  const runtime: Runtime = await sharedRuntime(variant);

  it.each([
    [1, 5, 7],
    [3, 8, 33],
    [4, 17, 70],
    [37, 64, 9],
    [0, 3, 5],
    [3, 0, 5],
    [3, 5, 0],
  ])('linear and addLinear: %i rows, %i inputs, %i outputs', (rows, inputs, outputs) => {
    const { integers, scales, values } = storedWeight(outputs, inputs);
    const [x, bias, base] = [rows * inputs, outputs, rows * outputs].map((n) => random.normals(n));
    const stepOf = rows === 1 ? stepOf16Bits : stepOf7Bits;
    runtime.scope(() => {
      using weight = Int8Weight.pack(runtime, integers, scales);
      const tensor = Tensor.from(runtime, x!, [rows, inputs]);
      const y = linear(tensor, weight, Tensor.from(runtime, bias!));
      const more = addLinear(Tensor.from(runtime, base!, [rows, outputs]), tensor, weight);
      for (const [result, start] of [
        [y, Float64Array.from({ length: rows * outputs }, (_, i) => bias![i % outputs]!)],
        [more, Float64Array.from(base!)],
      ] as const) {
        const expected = matmulTransposed(x!, values, null, start, rows, outputs, inputs);
        const size = [rows, outputs, inputs] as const;
        expectWithin(
          result.toArray(),
          expected,
          quantisedError(Float64Array.from(x!), values, start, size, stepOf),
        );
      }
    });
  });

  it('takes a range of input columns', () => {
    const { integers, scales, values } = storedWeight(6, 11);
    const x = random.normals(2 * 5);
    const part = values.filter((_, i) => i % 11 >= 4 && i % 11 < 9);
    runtime.scope(() => {
      using weight = Int8Weight.pack(runtime, integers, scales, { from: 4, to: 9 });
      const y = linear(Tensor.from(runtime, x, [2, 5]), weight);
      const start = new Float64Array(12);
      const expected = matmulTransposed(x, part, null, null, 2, 6, 5);
      const error = quantisedError(Float64Array.from(x), part, start, [2, 6, 5], stepOf7Bits);
      expectWithin(y.toArray(), expected, error);
    });
  });

  it('rows from a panel on are a view, with the bits that the whole weight gives them', () => {
    const [outputs, inputs] = [101, 37];
    const { integers, scales } = storedWeight(outputs, inputs);
    runtime.scope(() => {
      const weight = Int8Weight.pack(runtime, integers, scales);
      const used = runtime.memory.usedBytes;
      const views = [
        [0, 32],
        [32, 101],
        [64, 64],
        [64, 71],
      ].map(([from, to]) => [from!, to!, weight.slice(from!, to!)] as const);
      views.push([96, 99, views[1]![2].slice(64, 67)]);
      expect(runtime.memory.usedBytes).toBe(used);
      const bias = Tensor.from(runtime, random.normals(outputs));
      for (const rows of [1, 5]) {
        const x = Tensor.from(runtime, random.normals(rows * inputs), [rows, inputs]);
        const whole = linear(x, weight, bias).toFloat32Array();
        for (const [from, to, view] of views) {
          const expected = whole.filter((_, i) => i % outputs >= from && i % outputs < to);
          expectSameBits(linear(x, view, bias.slice(from, to)).toFloat32Array(), expected, `${from}..${to}`);
        }
      }
      for (const [from, to] of [
        [31, 64],
        [32, 102],
        [64, 32],
        [-32, 0],
      ] as const) {
        expect(() => weight.slice(from, to)).toThrow(ArgumentError);
      }
      views[1]![2].dispose();
      weight.dispose();
      expect(() => weight.packed).toThrow(DisposedError);
    });
  });

  it.each([
    [1, false],
    [3, true],
  ])('lstmSequence: batch %i, reverse %s', (batch, reverse) => {
    const [time, hidden] = [6, 13];
    const { integers, scales, values } = storedWeight(4 * hidden, hidden);
    const projections = random.normals(batch * time * 4 * hidden);
    const [h0, c0] = [random.normals(batch * hidden, 0.5), random.normals(batch * hidden)];
    const lengths = Int32Array.from({ length: batch }, (_, b) => time - b);
    const shape = { batch, time, hidden, reverse, lengths };
    const run = lstmReference(projections, values, h0, c0, shape);
    const error = lstmSequenceError(
      projections,
      values,
      run.activations,
      run.savedHidden,
      run.savedCell,
      shape,
      stateErrorOf16Bits,
    );
    runtime.scope(() => {
      using weight = Int8Weight.pack(runtime, integers, scales);
      const { output, state } = lstmSequence(
        Tensor.from(runtime, projections, [batch, time, 4 * hidden]),
        weight,
        {
          lengths: Tensor.from(runtime, lengths, [batch], 'i32'),
          reverse,
          state: {
            hidden: Tensor.from(runtime, h0, [batch, hidden]),
            cell: Tensor.from(runtime, c0, [batch, hidden]),
          },
        },
      );
      expectWithin(output.toArray(), run.output, error.output);
      expectWithin(state.hidden.toArray(), run.finalHidden, error.finalHidden);
      expectWithin(state.cell.toArray(), run.finalCell, error.finalCell);
    });
  });

  it('gives the same bits in every variant and on every engine', () => {
    const fixed = seededRandom(1);
    // Not normals: an engine's logarithm and cosine may round as they like.
    const uniforms = (n: number) => Float32Array.from({ length: n }, () => 2 * fixed.uniform() - 1);
    const { integers, scales } = stored(uniforms(70 * 99), 70, 99);
    const [x, bias] = [uniforms(9 * 99), uniforms(70)];
    runtime.scope(() => {
      using weight = Int8Weight.pack(runtime, integers, scales);
      const b = Tensor.from(runtime, bias);
      const several = linear(Tensor.from(runtime, x, [9, 99]), weight, b);
      const one = linear(Tensor.from(runtime, x.subarray(0, 99), [1, 99]), weight, b);
      const all = [several, one, addLinear(several, Tensor.from(runtime, x, [9, 99]), weight)];
      expect(all.map((y) => hash(y.toFloat32Array()))).toEqual(EXPECTED_BITS);
    });
  });

  it('keeps a quarter of the f32 weight and gives everything back', () => {
    const before = runtime.memory.usedBytes;
    const [outputs, inputs] = [256, 512];
    const { integers, scales } = storedWeight(outputs, inputs);
    const weight = Int8Weight.pack(runtime, integers, scales);
    const kept = runtime.memory.usedBytes - before;
    // The arena's size classes round up by at most a quarter.
    expect(kept).toBeLessThanOrEqual(1.25 * (int8PackedBytes(outputs, inputs) + 4 * outputs));
    expect(kept).toBeLessThan(0.35 * 4 * outputs * inputs);
    const steady = runtime.memory.usedBytes;
    for (let i = 0; i < 3; i++) {
      runtime.scope(() => void linear(Tensor.zeros(runtime, [5, inputs]), weight));
      expect(runtime.memory.usedBytes).toBe(steady);
    }
    weight.dispose();
    expect(runtime.memory.usedBytes).toBe(before);
    runtime.scope(() => {
      const x = Tensor.zeros(runtime, [1, inputs]);
      expect(() => linear(x, weight)).toThrow(DisposedError);
    });
  });

  it('refuses gradients', async () => {
    const training = await sharedRuntime(variant);
    const { integers, scales } = storedWeight(8, 2);
    runtime.scope(() => {
      using weight = Int8Weight.pack(training, integers, scales);
      const x = Tensor.from(training, [1, 2], [1, 2]);
      const projected = Tensor.zeros(training, [1, 1, 8]);
      expect(() => training.gradients(() => sum(linear(x, weight)), new Map([['x', x]]))).toThrow(
        UnsupportedError,
      );
      const sequence = () => sum(lstmSequence(projected, weight).output);
      expect(() => training.gradients(sequence, new Map([['x', projected]]))).toThrow(UnsupportedError);
      expect(() => training.gradients(sequence, new Map([['other', x]]))).not.toThrow();
    });
  });

  it('says what does not fit, before it allocates', () => {
    const { integers, scales } = storedWeight(4, 6);
    const before = runtime.memory.usedBytes;
    const floats = fromFloat32(new Float32Array(24), [4, 6], 'F32');
    expect(() => Int8Weight.pack(runtime, floats, scales)).toThrow(DTypeError);
    expect(() => Int8Weight.pack(runtime, { ...integers, shape: [24] }, scales)).toThrow(ShapeError);
    const few = fromFloat32(new Float32Array(3), [3], 'F32');
    expect(() => Int8Weight.pack(runtime, integers, few)).toThrow(
      'Int8Weight: scales must hold 4 values, got [3]',
    );
    expect(() => Int8Weight.pack(runtime, integers, scales, { from: 2, to: 7 })).toThrow(ArgumentError);
    const wide = { dtype: 'I8', shape: [1, 65_537], bytes: new Uint8Array(65_537) } as const;
    const one = fromFloat32(new Float32Array(1), [1], 'F32');
    expect(() => Int8Weight.pack(runtime, wide, one)).toThrow('at most 65536 inputs');
    expect(runtime.memory.usedBytes).toBe(before);
    runtime.scope(() => {
      using weight = Int8Weight.pack(runtime, integers, scales);
      const used = runtime.memory.usedBytes;
      expect(() => linear(Tensor.zeros(runtime, [2, 5]), weight)).toThrow(ShapeError);
      expect(() => linear(Tensor.zeros(runtime, [2, 6]), weight, Tensor.zeros(runtime, [5]))).toThrow(
        ShapeError,
      );
      expect(() => linear(Tensor.zeros(runtime, [2, 6], 'i32'), weight)).toThrow(DTypeError);
      expect(runtime.memory.usedBytes).toBeGreaterThanOrEqual(used);
    });
  });
});
