/** 8-bit weights beside the same weights in f32: `npm run bench int8`. */
import { fromFloat32, toFloat32 } from '../src/io/conversion.ts';
import { quantiseRows, quantize } from '../src/io/quantise.ts';
import { LSTM } from '../src/layers/lstm.ts';
import type { Arithmetic } from '../src/layers/parameters.ts';
import { Int8Weight } from '../src/ops/int8Weight.ts';
import { linear } from '../src/ops/linear.ts';
import { PackedWeight } from '../src/ops/packedWeight.ts';
import type { Weight } from '../src/ops/weight.ts';
import { createRuntime } from '../src/runtime/load.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import { Random } from '../src/tensor/random.ts';
import { Tensor } from '../src/tensor/tensor.ts';
import { EPSILON, quantisedError } from '../tests/kernels/bounds.ts';
import { dequantise, matmulTransposed, stepOf7Bits, stepOf16Bits } from '../tests/reference/matmulInt8.ts';
import { seededRandom } from '../tests/support/random.ts';
import type { Case } from './suite.ts';

export async function int8Cases(): Promise<{ cases: Case[]; variant: string | undefined }> {
  const runtime = await createRuntime();
  const cases = [
    ...matmulCases(runtime, 1, 1536, 384),
    ...matmulCases(runtime, 128, 1536, 384),
    ...lstmCases(runtime, 100, 128, 256),
  ];
  return { cases, variant: runtime.variant };
}

/** The same product with the weight in f32 and in 8 bits. */
function matmulCases(runtime: Runtime, M: number, N: number, K: number): Case[] {
  const random = seededRandom(M + N + K);
  const a = random.normals(M * K);
  const { integers, scales } = quantiseRows(random.normals(N * K), [N, K]);
  const values = dequantise(new Int8Array(toFloat32(integers)), toFloat32(scales), N, K);
  const x = Tensor.from(runtime, a, [M, K]);
  const expected = matmulTransposed(a, values, null, null, M, N, K);
  const stepOf = M === 1 ? stepOf16Bits : stepOf7Bits;
  const error = quantisedError(Float64Array.from(a), values, new Float64Array(M * N), [M, N, K], stepOf);
  const weights: [Arithmetic, Weight][] = [
    ['f32', new PackedWeight(Tensor.from(runtime, Float32Array.from(values), [N, K]))],
    ['int8', Int8Weight.pack(runtime, integers, scales)],
  ];
  return weights.map(([arithmetic, weight]) => {
    const name = `matmul ${M} x ${N} x ${K}, ${arithmetic}`;
    return {
      name,
      verify() {
        runtime.scope(() => {
          const y = linear(x, weight).toFloat32Array();
          for (let i = 0; i < y.length; i++) {
            // (K + 1) roundings of products that sum up to less than K times the largest, 5 * 5.
            const tolerance = arithmetic === 'f32' ? (K + 1) * K * 25 * EPSILON : error[i]! * EPSILON;
            if (!(Math.abs(y[i]! - expected[i]!) <= tolerance))
              throw new Error(
                `${name}: element ${i} is ${y[i]}, expected ${expected[i]} within ${tolerance}`,
              );
          }
        });
      },
      run: () => runtime.scope(() => void linear(x, weight)),
      rate: (seconds) => `${((M * N * K) / seconds / 1e9).toFixed(1)} billion products/s`,
    };
  });
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
        outputOf(layer).forEach((value, i) => {
          if (!(Math.abs(value - expected[i]!) <= 0.02))
            throw new Error(`${name}: element ${i} is ${value}, in f32 ${expected[i]}`);
        });
      },
      run: () => runtime.scope(() => void layer.forward(x)),
      rate: (seconds) =>
        `${((time * 4 * hiddenSize * (inputSize + hiddenSize)) / seconds / 1e9).toFixed(1)} billion products/s`,
    };
  });
}
