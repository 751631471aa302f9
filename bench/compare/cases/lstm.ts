/** Whole sequences through one LSTM layer, from zero states: the hidden states of every step. */
import type { WeightSource } from '../../../src/index.ts';
import { lstmSequence } from '../../../tests/reference/lstm.ts';
import { matmul, transpose } from '../../../tests/reference/matmul.ts';
import { seededRandom } from '../../../tests/support/random.ts';
import type { Case, Contender } from '../case.ts';
import { brainLstm } from '../engines/brain.ts';
import { heed, heedContender, weightSource } from '../engines/heed.ts';
import { type GraphRun, onnxNative, onnxWeb } from '../engines/onnxruntime.ts';
import { tensorflow, tf } from '../engines/tensorflow.ts';
import { EPSILON } from '../tolerance.ts';

/** Time steps, batch, input size, hidden size. */
export interface Size {
  readonly T: number;
  readonly B: number;
  readonly I: number;
  readonly H: number;
}

/** A layer in PyTorch's layout, gates i, f, g, o, and a batch of sequences [B, T, I]. */
export interface Problem extends Size {
  readonly x: Float32Array;
  /** [4 H, I] */
  readonly input: Float32Array;
  /** [4 H, H] */
  readonly recurrent: Float32Array;
  /** [4 H]: of the inputs; the recurrent bias is zero. */
  readonly bias: Float32Array;
}

/** Seeded normal weights and inputs. */
export function createProblem({ T, B, I, H }: Size): Problem {
  const random = seededRandom(T + B + I + H);
  const spread = 1 / Math.sqrt(H);
  return {
    T,
    B,
    I,
    H,
    x: random.normals(B * T * I),
    input: random.normals(4 * H * I, spread),
    recurrent: random.normals(4 * H * H, spread),
    bias: random.normals(4 * H, spread),
  };
}

export const named = ({ T, B, I, H }: Size): string => `lstm T${T} B${B} I${I} H${H}`;
export const lstmFlops = ({ T, B, I, H }: Size): number => 2 * T * B * 4 * H * (I + H);
/** A step adds (I + H + 8) roundings to a state, which the next one contracts by its forget gate. */
const tolerance = ({ I, H }: Size): number => 8 * (I + H + 8) * EPSILON;

/** Against the peers in f32, and brain.js with what it computes. */
export function lstmCases(): Case[] {
  const small: Size = { T: 100, B: 1, I: 128, H: 128 };
  const sizes: Size[] = [small, { T: 100, B: 1, I: 128, H: 256 }, { T: 50, B: 16, I: 256, H: 256 }];
  return [...sizes.map(lstmCase), brainCase(small)];
}

function lstmCase(size: Size): Case {
  const problem = createProblem(size);
  const run = lstmGraph(problem);
  return {
    name: named(size),
    flops: lstmFlops(size),
    expected: () => expectedStates(problem),
    tolerance: tolerance(size),
    heed: ours(problem),
    peers: [onnxWeb(run), tensorflowLstm(problem), onnxNative(run)],
  };
}

/** brain.js takes the previous hidden state for the previous cell: with forget gates closed that makes no difference. */
function brainCase(size: Size): Case {
  const problem = createProblem(size);
  problem.bias.fill(-100, size.H, 2 * size.H);
  return {
    name: `${named(size)} forget gates closed`,
    flops: lstmFlops(size),
    expected: () => expectedStates(problem),
    tolerance: tolerance(size),
    heed: ours(problem),
    peers: [brainLstm(problem)],
    note: 'brain.js forgets from the previous hidden state instead of the cell; closed gates make the results equal',
  };
}

/** The hidden states [B, T, H] in double precision. */
export function expectedStates({ T, B, I, H, x, input, recurrent, bias }: Problem): Float64Array {
  const projected = matmul(x, transpose(input, 4 * H, I), bias, null, B * T, 4 * H, I);
  const zeros = new Float64Array(B * H);
  const shape = { batch: B, time: T, hidden: H, reverse: false, lengths: null };
  return lstmSequence(projected, recurrent, zeros, zeros, shape).output;
}

/** PyTorch's names. */
export function lstmWeights({ I, H, input, recurrent, bias }: Problem): WeightSource {
  return weightSource({
    weight_ih_l0: { shape: [4 * H, I], data: input },
    weight_hh_l0: { shape: [4 * H, H], data: recurrent },
    bias_ih_l0: { shape: [4 * H], data: bias },
    bias_hh_l0: { shape: [4 * H], data: new Float32Array(4 * H) },
  });
}

function ours(problem: Problem): Contender {
  const { T, B, I, H } = problem;
  return heedContender((runtime) => {
    const lstm = heed.LSTM.load(runtime, lstmWeights(problem), { inputSize: I, hiddenSize: H });
    const x = heed.Tensor.from(runtime, problem.x, [B, T, I]);
    return () => lstm.forward(x).output;
  });
}

/** The rows of each gate in another order. */
export function reorderGates(
  values: Float32Array,
  order: readonly ('i' | 'f' | 'g' | 'o')[],
): Float32Array<ArrayBuffer> {
  const block = values.length / 4;
  const reordered = new Float32Array(values.length);
  for (const [to, gate] of order.entries()) {
    const from = 'ifgo'.indexOf(gate);
    reordered.set(values.subarray(from * block, (from + 1) * block), to * block);
  }
  return reordered;
}

/** [first, second, size] to [second, first, size]: batch first and time first. */
export function swapAxes(
  values: ArrayLike<number>,
  first: number,
  second: number,
): Float32Array<ArrayBuffer> {
  const size = values.length / (first * second);
  const swapped = new Float32Array(values.length);
  for (let i = 0; i < first; i++) {
    for (let j = 0; j < second; j++) {
      for (let k = 0; k < size; k++)
        swapped[(j * first + i) * size + k] = values[(i * second + j) * size + k]!;
    }
  }
  return swapped;
}

/** ONNX: time first, gates i, o, f, c. */
export function lstmGraph({ T, B, I, H, x, input, recurrent, bias }: Problem): GraphRun {
  const order = ['i', 'o', 'f', 'g'] as const;
  const biases = new Float32Array(8 * H);
  biases.set(reorderGates(bias, order));
  return {
    graph: {
      inputs: { x: [T, B, I] },
      output: { name: 'y', shape: [T, 1, B, H] },
      weights: {
        w: { shape: [1, 4 * H, I], data: reorderGates(input, order) },
        r: { shape: [1, 4 * H, H], data: reorderGates(recurrent, order) },
        b: { shape: [1, 8 * H], data: biases },
      },
      operators: [
        { type: 'LSTM', inputs: ['x', 'w', 'r', 'b'], output: 'y', attributes: { hidden_size: H } },
      ],
    },
    feeds: { x: swapAxes(x, B, T) },
    arrange: (y) => swapAxes(y, T, B),
  };
}

/** Keras: gates i, f, c, o, matrices transposed. */
function tensorflowLstm({ T, B, I, H, x, input, recurrent, bias }: Problem): Contender {
  return tensorflow(() => {
    const layer = tf.layers.lstm({
      units: H,
      returnSequences: true,
      recurrentActivation: 'sigmoid',
      unitForgetBias: false,
      recurrentInitializer: 'zeros',
    });
    const sequences = tf.tensor(x, [B, T, I]);
    // The first application makes the weights.
    layer.apply(sequences).dispose();
    layer.setWeights([
      tf.tensor(Float32Array.from(transpose(input, 4 * H, I)), [I, 4 * H]),
      tf.tensor(Float32Array.from(transpose(recurrent, 4 * H, H)), [H, 4 * H]),
      tf.tensor(bias, [4 * H]),
    ]);
    return () => layer.apply(sequences);
  });
}
