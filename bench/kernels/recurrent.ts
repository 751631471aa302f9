/** RNN, LSTM and GRU: whole layers, with the projection of their inputs, and the recurrence alone. */
import { GRU } from '../../src/layers/gru.ts';
import { LSTM } from '../../src/layers/lstm.ts';
import { gruSequence } from '../../src/ops/gru.ts';
import { lstmSequence } from '../../src/ops/lstm.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { rnnSequence } from '../../src/ops/rnn.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import * as gruReference from '../../tests/reference/gru.ts';
import * as reference from '../../tests/reference/lstm.ts';
import { matmulTransposed } from '../../tests/reference/matmulInt8.ts';
import * as rnnReference from '../../tests/reference/rnn.ts';
import { seededRandom } from '../../tests/support/random.ts';
import type { Case } from '../suite.ts';
import type { Work } from '../work.ts';
import { expectClose } from './verify.ts';

export function recurrentCases(runtime: Runtime): Case[] {
  return [
    ...recurrentShapes.flatMap((shape) => [lstmLayerCase(runtime, shape), gruLayerCase(runtime, shape)]),
    lstmCase(runtime, 1, 100, 128),
    lstmCase(runtime, 16, 50, 256),
    gruCase(runtime, 1, 100, 128),
    gruCase(runtime, 16, 50, 256),
    rnnCase(runtime, 1, 100, 128),
    rnnCase(runtime, 16, 50, 256),
  ];
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
      expectClose(name, actual, output, 8 * (hidden + 8));
    },
    run: () => runtime.scope(() => void run()),
    work: recurrenceWork(4, batch, time, hidden),
  };
}

function gruCase(runtime: Runtime, batch: number, time: number, hidden: number): Case {
  const random = seededRandom(hidden);
  const inputs = random.normals(batch * time * 3 * hidden);
  const recurrent = random.normals(3 * hidden * hidden, 1 / Math.sqrt(hidden));
  const projected = Tensor.from(runtime, inputs, [batch, time, 3 * hidden]);
  const work = Tensor.empty(runtime, projected.shape);
  const weight = new PackedWeight(Tensor.from(runtime, recurrent, [3 * hidden, hidden]));
  const name = `gru recurrence T${time} B${batch} H${hidden}`;
  const run = (): Tensor => {
    runtime.kernels.f32_scale(work.pointer, projected.pointer, projected.size, 1);
    return gruSequence(work, weight).output;
  };
  return {
    name,
    verify() {
      const zeros = new Float64Array(batch * hidden);
      const shape = { batch, time, hidden, reverse: false, lengths: null };
      const { output } = gruReference.gruSequence(inputs, recurrent, null, zeros, shape);
      const actual = runtime.scope(() => run().toFloat32Array());
      // As the LSTM's, with the update gate for the forget gate.
      expectClose(name, actual, output, 8 * (hidden + 8));
    },
    run: () => runtime.scope(() => void run()),
    work: recurrenceWork(3, batch, time, hidden),
  };
}

function rnnCase(runtime: Runtime, batch: number, time: number, hidden: number): Case {
  const random = seededRandom(hidden);
  const inputs = random.normals(batch * time * hidden);
  const recurrent = random.normals(hidden * hidden, 1 / Math.sqrt(hidden));
  const projected = Tensor.from(runtime, inputs, [batch, time, hidden]);
  const work = Tensor.empty(runtime, projected.shape);
  const weight = new PackedWeight(Tensor.from(runtime, recurrent, [hidden, hidden]));
  const name = `rnn recurrence T${time} B${batch} H${hidden}`;
  const run = (): Tensor => {
    runtime.kernels.f32_scale(work.pointer, projected.pointer, projected.size, 1);
    return rnnSequence(work, weight).output;
  };
  return {
    name,
    verify() {
      const zeros = new Float64Array(batch * hidden);
      const shape = { batch, time, hidden, reverse: false, lengths: null };
      const { output } = rnnReference.rnnSequence(inputs, recurrent, zeros, shape);
      const actual = runtime.scope(() => run().toFloat32Array());
      // As the LSTM's; what contracts here are the slopes of tanh, on average 0.6.
      expectClose(name, actual, output, 8 * (hidden + 8));
    },
    run: () => runtime.scope(() => void run()),
    work: recurrenceWork(1, batch, time, hidden),
  };
}

/** Each step reads the weight and the gates anew and writes the gates. */
function recurrenceWork(gates: number, batch: number, time: number, hidden: number): Work {
  const ofGates = 4 * batch * gates * hidden;
  return {
    flops: 2 * batch * time * gates * hidden * hidden,
    bytes: { read: 4 * gates * hidden * hidden + ofGates, written: ofGates, passes: time },
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
    const projected = matmulTransposed(x, weights.in, bias, null, batch * time, 4 * hidden, input);
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
    const projected = matmulTransposed(x, weights.in, weights.biasIn, null, batch * time, rows, input);
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
      expectClose(name, actual, output, projection + 8 * (hidden + 8));
    },
    run: () => runtime.scope(() => void layer.forward(x)),
    work: { ...recurrenceWork(gates, batch, time, hidden), flops },
  };
}
