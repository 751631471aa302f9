/** heed with int8 weights: against the peers' f32, which is the question a user has, and against onnxruntime's int8. */
import { matmul, transpose } from '../../../tests/reference/matmul.ts';
import { seededRandom } from '../../../tests/support/random.ts';
import type { Case, Contender } from '../case.ts';
import { heed, heedContender, weightSource } from '../engines/heed.ts';
import { type GraphRun, onnxNative, onnxWeb } from '../engines/onnxruntime.ts';
import { largest, quantiseRows, sixSigma, sumOfSquares, transposeBytes } from '../quantisation.ts';
import {
  createProblem,
  expectedStates,
  lstmFlops,
  lstmGraph,
  lstmWeights,
  named,
  type Problem,
  reorderGates,
  type Size,
  swapAxes,
} from './lstm.ts';
import { productGraph } from './matmul.ts';

const N = 1536;
const K = 384;

export function matrixVectorInt8Cases(): Case[] {
  const random = seededRandom(N + K);
  const [x, weight] = [random.normals(K), random.normals(N * K)];
  const columns = Float32Array.from(transpose(weight, N, K));
  const base = {
    name: `matrix-vector 1x${N}x${K} int8`,
    flops: 2 * N * K,
    roof: 'none' as const,
    expected: () => matmul(x, columns, null, null, 1, N, K),
    // The sum of a row's squares is K, give or take. heed's activations have seven bits, onnxruntime's eight.
    tolerance: sixSigma([sumOfSquares(x), K], [largest(x) / 63, largest(weight) / 127]),
    heed: heedContender((runtime) => {
      const source = heed.quantize(weightSource({ weight: { shape: [N, K], data: weight } }));
      const config = { inputs: K, outputs: N, bias: false, arithmetic: 'int8' } as const;
      const layer = heed.Linear.load(runtime, source, config);
      const row = heed.Tensor.from(runtime, x, [1, K]);
      return () => layer.forward(row);
    }),
  };
  const run = productGraph(x, columns, [1, N, K]);
  return [
    { ...base, peers: [onnxWeb(run), onnxNative(run)] },
    { ...base, name: `${base.name} peer int8`, peers: [onnxWeb(int8Graph(x, weight))] },
  ];
}

function int8Graph(x: Float32Array, weight: Float32Array): GraphRun {
  const { values, scales } = quantiseRows(weight, N);
  return {
    graph: {
      inputs: { x: [1, K] },
      output: { name: 'y', shape: [1, N] },
      weights: {
        w: { shape: [K, N], data: transposeBytes(values, N) },
        scales: { shape: [N], data: scales },
      },
      operators: [
        { type: 'DynamicQuantizeMatMul', inputs: ['x', 'w', 'scales'], output: 'y', domain: 'com.microsoft' },
      ],
    },
    feeds: { x },
  };
}

export function lstmInt8Cases(): Case[] {
  const size: Size = { T: 100, B: 1, I: 128, H: 256 };
  const problem = createProblem(size);
  const run = lstmGraph(problem);
  const base = {
    name: `${named(size)} int8`,
    flops: lstmFlops(size),
    roof: 'none' as const,
    expected: () => expectedStates(problem),
    tolerance: lstmTolerance(problem),
    heed: ours(problem),
  };
  return [
    { ...base, peers: [onnxWeb(run), onnxNative(run)] },
    { ...base, name: `${base.name} peer int8`, peers: [onnxWeb(int8LstmGraph(problem))] },
  ];
}

/**
 * Of the projections: a step's input has I normal values and its state H values below 1. The cell halves what it keeps,
 * about, so that errors add up to twice one step's.
 */
function lstmTolerance({ I, H, x, input, recurrent }: Problem): number {
  const squares = [I + H, (I + H) / H] as const;
  return 2 * sixSigma(squares, [largest(x) / 63, Math.max(largest(input), largest(recurrent)) / 127]);
}

function ours(problem: Problem): Contender {
  const { T, B, I, H } = problem;
  return heedContender((runtime) => {
    const config = { inputSize: I, hiddenSize: H, arithmetic: 'int8' } as const;
    const lstm = heed.LSTM.load(runtime, heed.quantize(lstmWeights(problem)), config);
    const x = heed.Tensor.from(runtime, problem.x, [B, T, I]);
    return () => lstm.forward(x).output;
  });
}

/** onnxruntime's: time first, gates i, o, f, c, matrices transposed, a scale for each gate's unit. */
function int8LstmGraph({ T, B, I, H, x, input, recurrent, bias }: Problem): GraphRun {
  const order = ['i', 'o', 'f', 'g'] as const;
  const biases = new Float32Array(8 * H);
  biases.set(reorderGates(bias, order));
  const [w, r] = [input, recurrent].map((each) => quantiseRows(reorderGates(each, order), 4 * H));
  const scaleShape = [1, 4 * H];
  const zeros = { shape: scaleShape, data: new Int8Array(4 * H) };
  return {
    graph: {
      inputs: { x: [T, B, I] },
      output: { name: 'y', shape: [T, 1, B, H] },
      weights: {
        w: { shape: [1, I, 4 * H], data: transposeBytes(w!.values, 4 * H) },
        r: { shape: [1, H, 4 * H], data: transposeBytes(r!.values, 4 * H) },
        b: { shape: [1, 8 * H], data: biases },
        wScale: { shape: scaleShape, data: w!.scales },
        rScale: { shape: scaleShape, data: r!.scales },
        wZero: zeros,
        rZero: zeros,
      },
      operators: [
        {
          type: 'DynamicQuantizeLSTM',
          inputs: ['x', 'w', 'r', 'b', '', '', '', '', 'wScale', 'wZero', 'rScale', 'rZero'],
          output: 'y',
          attributes: { hidden_size: H },
          domain: 'com.microsoft',
        },
      ],
    },
    feeds: { x: swapAxes(x, B, T) },
    arrange: (y) => swapAxes(y, T, B),
  };
}
