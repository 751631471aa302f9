/** Kernels at the sizes that models use, each checked against the double-precision reference. */

import { GRU } from '../src/layers/gru.ts';
import { LSTM } from '../src/layers/lstm.ts';
import { linear } from '../src/ops/linear.ts';
import { lstmSequence } from '../src/ops/lstm.ts';
import { PackedWeight } from '../src/ops/packedWeight.ts';
import { softmax } from '../src/ops/softmax.ts';
import { createRuntime } from '../src/runtime/load.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import { Random } from '../src/tensor/random.ts';
import { Tensor } from '../src/tensor/tensor.ts';
import * as gruReference from '../tests/reference/gru.ts';
import * as reference from '../tests/reference/lstm.ts';
import { matmul, transpose } from '../tests/reference/matmul.ts';
import { softmaxRow } from '../tests/reference/softmax.ts';
import { seededRandom } from '../tests/support/random.ts';
import type { Case } from './suite.ts';

const EPSILON = 2 ** -24;

function expectClose(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  if (actual.length !== expected.length)
    throw new Error(`${name}: ${actual.length} elements, expected ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(actual[i]! - expected[i]!) <= tolerance)) {
      throw new Error(`${name}: element ${i} is ${actual[i]}, expected ${expected[i]} within ${tolerance}`);
    }
  }
}

export async function kernelCases(): Promise<{ cases: Case[]; variant: string | undefined }> {
  const runtime = await createRuntime();
  const cases = [
    ...[
      [384, 384, 384],
      [768, 768, 768],
      [1, 1536, 384],
    ].map(([M, N, K]) => matmulCase(runtime, M!, N!, K!)),
    softmaxCase(runtime, 1024, 128),
    softmaxCase(runtime, 128, 1024),
    lstmCase(runtime, 1, 100, 128),
    lstmCase(runtime, 16, 50, 256),
    ...recurrentShapes.flatMap((shape) => [lstmLayerCase(runtime, shape), gruLayerCase(runtime, shape)]),
  ];
  return { cases, variant: runtime.variant };
}

function matmulCase(runtime: Runtime, M: number, N: number, K: number): Case {
  const random = seededRandom(M + N + K);
  const [a, b] = [random.normals(M * K), random.normals(N * K)];
  const x = Tensor.from(runtime, a, [M, K]);
  const weight = new PackedWeight(Tensor.from(runtime, b, [N, K]));
  const name = `matmul ${M} x ${N} x ${K}`;
  const run = (): void => runtime.scope(() => void linear(x, weight));
  return {
    name,
    verify() {
      const expected = matmul(a, transpose(b, N, K), null, null, M, N, K);
      // (K + 1) eps sum|a||b|; the sum of K products of absolute normals stays below 2 K.
      runtime.scope(() =>
        expectClose(name, linear(x, weight).toFloat32Array(), expected, (K + 1) * EPSILON * 2 * K),
      );
    },
    run,
    work: { flops: 2 * M * N * K, bytes: { read: 4 * (M * K + N * K), written: 4 * M * N } },
  };
}

function softmaxCase(runtime: Runtime, rows: number, columns: number): Case {
  const values = seededRandom(rows).normals(rows * columns, 3);
  const x = Tensor.from(runtime, values, [rows, columns]);
  const name = `softmax ${rows} x ${columns}`;
  return {
    name,
    verify() {
      const actual = runtime.scope(() => softmax(x).toFloat32Array());
      for (let row = 0; row < rows; row++) {
        const slice = Float64Array.from(values.subarray(row * columns, (row + 1) * columns));
        const expected = softmaxRow(slice);
        expectClose(
          name,
          actual.subarray(row * columns, (row + 1) * columns),
          expected,
          (columns / 4 + 8) * EPSILON,
        );
      }
    },
    run: () => runtime.scope(() => void softmax(x)),
    work: { bytes: { read: 4 * rows * columns, written: 4 * rows * columns } },
  };
}

function lstmCase(runtime: Runtime, batch: number, time: number, hidden: number): Case {
  const random = seededRandom(hidden);
  const inputs = random.normals(batch * time * 4 * hidden);
  const recurrent = random.normals(4 * hidden * hidden, 1 / Math.sqrt(hidden));
  const projected = Tensor.from(runtime, inputs, [batch, time, 4 * hidden]);
  const work = Tensor.empty(runtime, projected.shape);
  const weight = new PackedWeight(Tensor.from(runtime, recurrent, [4 * hidden, hidden]));
  const name = `lstm recurrence T${time} B${batch} H${hidden}`;
  const run = (): Tensor => {
    // The kernel replaces the projections by the gates: each run needs them fresh.
    runtime.kernels.f32_scale(work.pointer, projected.pointer, projected.size, 1);
    return lstmSequence(work, weight).output;
  };
  return {
    name,
    verify() {
      const zeros = new Float64Array(batch * hidden);
      const shape = { batch, time, hidden, reverse: false, lengths: null };
      const { output } = reference.lstmSequence(inputs, recurrent, zeros, zeros, shape);
      // Each step adds at most (hidden + 8) eps to a state that the next one contracts by its forget gate.
      const actual = runtime.scope(() => run().toFloat32Array());
      expectClose(name, actual, output, 8 * (hidden + 8) * EPSILON);
    },
    run: () => runtime.scope(() => void run()),
    work: { flops: 2 * batch * time * 4 * hidden * hidden },
  };
}

/** Of whole layers: steps, batch, input and hidden size. */
interface RecurrentShape {
  readonly time: number;
  readonly batch: number;
  readonly input: number;
  readonly hidden: number;
}

const recurrentShapes: readonly RecurrentShape[] = [
  { time: 100, batch: 1, input: 128, hidden: 128 },
  { time: 100, batch: 1, input: 128, hidden: 256 },
  { time: 50, batch: 16, input: 256, hidden: 256 },
];

function lstmLayerCase(runtime: Runtime, shape: RecurrentShape): Case {
  const { batch, time, input, hidden } = shape;
  const lstm = LSTM.create(runtime, { inputSize: input, hiddenSize: hidden }, new Random(hidden));
  return layerCase('lstm', 4, lstm, shape, (x, weights) => {
    const bias = weights.biasIn.map((value, i) => value + weights.biasRecurrent[i]!);
    const projected = matmul(
      x,
      transpose(weights.in, 4 * hidden, input),
      bias,
      null,
      batch * time,
      4 * hidden,
      input,
    );
    const zeros = new Float64Array(batch * hidden);
    const sequence = { batch, time, hidden, reverse: false, lengths: null };
    return reference.lstmSequence(projected, weights.recurrent, zeros, zeros, sequence).output;
  });
}

function gruLayerCase(runtime: Runtime, shape: RecurrentShape): Case {
  const { batch, time, input, hidden } = shape;
  const gru = GRU.create(runtime, { inputSize: input, hiddenSize: hidden }, new Random(hidden));
  return layerCase('gru', 3, gru, shape, (x, weights) => {
    const rows = 3 * hidden;
    const projected = matmul(
      x,
      transpose(weights.in, rows, input),
      weights.biasIn,
      null,
      batch * time,
      rows,
      input,
    );
    const sequence = { batch, time, hidden, reverse: false, lengths: null };
    const zeros = new Float64Array(batch * hidden);
    return gruReference.gruSequence(projected, weights.recurrent, weights.biasRecurrent, zeros, sequence)
      .output;
  });
}

/** A whole layer, the projection of its inputs included. */
function layerCase(
  kind: string,
  gates: number,
  layer: LSTM | GRU,
  { batch, time, input, hidden }: RecurrentShape,
  expected: (
    x: Float32Array,
    weights: Record<'in' | 'recurrent' | 'biasIn' | 'biasRecurrent', Float32Array>,
  ) => Float64Array,
): Case {
  const { runtime } = layer;
  const values = seededRandom(hidden).normals(batch * time * input);
  const x = Tensor.from(runtime, values, [batch, time, input]);
  const name = `${kind} T${time} B${batch} I${input} H${hidden}`;
  const parameter = (key: string): Float32Array => layer.parameters().get(`${key}_l0`)!.toFloat32Array();
  const flops = 2 * batch * time * gates * hidden * (input + hidden);
  return {
    name,
    verify() {
      const output = expected(values, {
        in: parameter('weight_ih'),
        recurrent: parameter('weight_hh'),
        biasIn: parameter('bias_ih'),
        biasRecurrent: parameter('bias_hh'),
      });
      const actual = runtime.scope(() => layer.forward(x).output.toFloat32Array());
      // As for the recurrence alone, and the projection's (input + 1) eps sum|x||w| < (input + 1)^2 / sqrt(hidden) eps.
      const projection = (input + 1) ** 2 / Math.sqrt(hidden);
      expectClose(name, actual, output, (projection + 8 * (hidden + 8)) * EPSILON);
    },
    run: () => runtime.scope(() => void layer.forward(x)),
    work: { flops },
  };
}
