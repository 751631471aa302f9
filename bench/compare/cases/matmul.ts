/** y [M, N] = x [M, K] · weight^T: the right-hand side is a constant, packed beforehand by the engines that can. */
import { matmul, transpose } from '../../../tests/reference/matmul.ts';
import { seededRandom } from '../../../tests/support/random.ts';
import type { Case, Contender } from '../case.ts';
import { heed, heedContender, type RuntimeChoice } from '../engines/heed.ts';
import { jax, jaxJs } from '../engines/jax.ts';
import { type GraphRun, onnxNative, onnxWeb } from '../engines/onnxruntime.ts';
import { tensorflow, tf } from '../engines/tensorflow.ts';
import { EPSILON } from '../tolerance.ts';

type Size = readonly [M: number, N: number, K: number];

const sizes: readonly Size[] = [
  [384, 384, 384],
  [768, 768, 768],
  [128, 1536, 384],
];

/** The product of x [M, K] and a constant [K, N]. */
export function productGraph(
  x: Float32Array,
  constant: Float32Array<ArrayBuffer>,
  [M, N, K]: Size,
): GraphRun {
  return {
    graph: {
      inputs: { x: [M, K] },
      output: { name: 'y', shape: [M, N] },
      weights: { w: { shape: [K, N], data: constant } },
      operators: [{ type: 'MatMul', inputs: ['x', 'w'], output: 'y' }],
    },
    feeds: { x },
  };
}

/** A product prepared for each engine on the same numbers. */
function product(name: string, [M, N, K]: Size) {
  const random = seededRandom(M + N + K);
  const [left, right] = [random.normals(M * K), random.normals(N * K)];
  const rightTransposed = Float32Array.from(transpose(right, N, K));
  const graph = productGraph(left, rightTransposed, [M, N, K]);
  const base = {
    name,
    flops: 2 * M * N * K,
    expected: () => matmul(left, rightTransposed, null, null, M, N, K),
    // (K + 1) eps sum|a||b|, and the sum of K products of absolute normals stays below 2 K.
    tolerance: (K + 1) * EPSILON * 2 * K,
  };
  const ours = (choice?: RuntimeChoice): Contender =>
    heedContender((runtime) => {
      const x = heed.Tensor.from(runtime, left, [M, K]);
      const weight = new heed.PackedWeight(heed.Tensor.from(runtime, right, [N, K]));
      return () => heed.linear(x, weight);
    }, choice);
  const tensorflowJs = tensorflow(() => {
    const [x, weight] = [tf.tensor(left, [M, K]), tf.tensor(rightTransposed, [K, N])];
    return () => tf.matMul(x, weight);
  });
  const jaxArrays = jaxJs(() => {
    const array = jax.numpy.array;
    const [x, weight] = [array(left).reshape([M, K]), array(rightTransposed).reshape([K, N])];
    const compute = jax.jit((a: jax.Array, b: jax.Array) => jax.numpy.matmul(a, b));
    return () => compute(x.ref, weight.ref);
  });
  return { base, ours, graph, tensorflowJs, jaxArrays };
}

/** The name of a product of these sizes. */
const named = (size: Size): string => `matmul ${size.join('x')}`;

/** On one thread: against the peers, and the binary without relaxed instructions against the one with. */
export function matmulCases(): Case[] {
  return sizes.flatMap((size) => {
    const { base, ours, graph, tensorflowJs, jaxArrays } = product(named(size), size);
    return [
      { ...base, heed: ours(), peers: [onnxWeb(graph), tensorflowJs, jaxArrays, onnxNative(graph)] },
      {
        ...base,
        name: `${base.name} simd`,
        roof: 'mulAdd',
        heed: ours({ variant: 'simd' }),
        peers: [ours({ variant: 'relaxed' })],
      },
    ];
  });
}

/** A single row times the weight matrix. */
export function matrixVectorCases(): Case[] {
  const { base, ours, graph, tensorflowJs, jaxArrays } = product('matrix-vector 1x1536x384', [1, 1536, 384]);
  return [{ ...base, heed: ours(), peers: [onnxWeb(graph), tensorflowJs, jaxArrays, onnxNative(graph)] }];
}

/** On two threads, against heed on one and the peers that have them. */
export function threadedMatmulCases(): Case[] {
  const { base, ours, graph } = product('matmul 768x768x768 2 threads', [768, 768, 768]);
  return [
    {
      ...base,
      threaded: true,
      heed: ours({ threads: 2 }),
      peers: [ours(), onnxWeb(graph), onnxNative(graph, 2)],
    },
  ];
}

/**
 * In a process started with `--disable-wasm-trap-handler`, where every load carries a bounds check: against the peers,
 * and against both of heed's micro-kernels, one of which it chose.
 */
export function boundsCheckedMatmulCases(): Case[] {
  const { base, ours, graph, tensorflowJs } = product('matmul 384x384x384 no-trap-handler', [384, 384, 384]);
  return [
    { ...base, heed: ours(), peers: [onnxWeb(graph), tensorflowJs] },
    ...(['loads', 'shuffles'] as const).map((microKernel) => ({
      ...base,
      name: `${base.name} ${microKernel}`,
      heed: ours(),
      peers: [ours({ microKernel })],
    })),
  ];
}
