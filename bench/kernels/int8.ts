/** 8-bit weights beside the same weights in f32: the same products and layers. */
import { fromFloat32, toFloat32 } from '../../src/io/conversion.ts';
import { quantiseRows, quantize } from '../../src/io/quantise.ts';
import { LSTM } from '../../src/layers/lstm.ts';
import type { Arithmetic } from '../../src/layers/parameters.ts';
import { Int8Weight } from '../../src/ops/int8Weight.ts';
import { linear } from '../../src/ops/linear.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import type { Weight } from '../../src/ops/weight.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { EPSILON, quantisedError } from '../../tests/kernels/bounds.ts';
import { dequantise, matmulTransposed, stepOf7Bits, stepOf16Bits } from '../../tests/reference/matmulInt8.ts';
import { seededRandom } from '../../tests/support/random.ts';
import type { Case } from '../suite.ts';
import type { Work } from '../work.ts';
import { expectClose, productError } from './verify.ts';

export function int8Cases(runtime: Runtime): Case[] {
  return [
    ...productCases(runtime, 1, 1536, 384),
    ...productCases(runtime, 128, 1536, 384),
    ...lstmCases(runtime, 100, 128, 256),
  ];
}

/** The same product with the weight in f32 and in 8 bits. */
function productCases(runtime: Runtime, M: number, N: number, K: number): Case[] {
  const random = seededRandom(M + N + K);
  const a = random.normals(M * K);
  const { integers, scales } = quantiseRows(random.normals(N * K), [N, K]);
  const values = dequantise(new Int8Array(toFloat32(integers)), toFloat32(scales), N, K);
  const x = Tensor.from(runtime, a, [M, K]);
  const expected = matmulTransposed(a, values, null, null, M, N, K);
  const stepOf = M === 1 ? stepOf16Bits : stepOf7Bits;
  const quantised = quantisedError(Float64Array.from(a), values, new Float64Array(M * N), [M, N, K], stepOf);
  const weights: [Arithmetic, Weight][] = [
    ['f32', new PackedWeight(Tensor.from(runtime, Float32Array.from(values), [N, K]))],
    ['int8', Int8Weight.pack(runtime, integers, scales)],
  ];
  return weights.map(([arithmetic, weight]) => {
    const name = `matmul ${M} x ${N} x ${K}, ${arithmetic}`;
    return {
      name,
      verify() {
        const actual = runtime.scope(() => linear(x, weight).toFloat32Array());
        const error = arithmetic === 'f32' ? productError(a, values, M, N, K) : quantised;
        expectClose(name, actual, expected, error);
      },
      run: () => runtime.scope(() => void linear(x, weight)),
      work: {
        ...operations(arithmetic, 2 * M * N * K),
        bytes: { read: 4 * M * K + weightBytes(arithmetic, N * K), written: 4 * M * N },
      },
    };
  });
}

const weightBytes = (arithmetic: Arithmetic, elements: number): number =>
  arithmetic === 'f32' ? 4 * elements : elements;

function operations(arithmetic: Arithmetic, count: number): Pick<Work, 'flops' | 'integer'> {
  return arithmetic === 'f32' ? { flops: count } : { integer: count };
}

/** A whole layer, with the projection of its inputs. */
function lstmCases(runtime: Runtime, time: number, inputSize: number, hiddenSize: number): Case[] {
  const fresh = LSTM.create(runtime, { inputSize, hiddenSize }, new Random(1));
  const stored = new Map(
    Array.from(fresh.parameters(), ([name, tensor]) => [
      name,
      fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32'),
    ]),
  );
  const file = quantize({
    metadata: {},
    names: () => [...stored.keys()],
    get: (name) => stored.get(name),
  });
  const x = Tensor.from(runtime, seededRandom(time).normals(time * inputSize), [1, time, inputSize]);
  const layers = (['f32', 'int8'] as const).map(
    (arithmetic) => [arithmetic, LSTM.load(runtime, file, { inputSize, hiddenSize, arithmetic })] as const,
  );
  const outputOf = (layer: LSTM): Float32Array =>
    runtime.scope(() => layer.forward(x).output.toFloat32Array());
  const expected = outputOf(layers[0]![1]);
  return layers.map(([arithmetic, layer]) => {
    const name = `lstm T${time} B1 I${inputSize} H${hiddenSize}, ${arithmetic}`;
    return {
      name,
      verify() {
        // Inputs in 7 bits are off by 0.015 each, a gate's sum of 128 with weights of up to 1/16 by some 0.005.
        expectClose(name, outputOf(layer), expected, 0.02 / EPSILON);
      },
      run: () => runtime.scope(() => void layer.forward(x)),
      work: {
        ...operations(arithmetic, 2 * time * 4 * hiddenSize * (inputSize + hiddenSize)),
        bytes: {
          read: weightBytes(arithmetic, 4 * hiddenSize ** 2) + 16 * hiddenSize,
          written: 16 * hiddenSize,
          passes: time,
        },
      },
    };
  });
}
