/** Matrix products: packed weights in the shapes of models, and the op over two tensors. */
import { linear } from '../../src/ops/linear.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { EPSILON } from '../../tests/kernels/bounds.ts';
import { gelu } from '../../tests/reference/activation.ts';
import { transpose } from '../../tests/reference/matmul.ts';
import { matmulTransposed } from '../../tests/reference/matmulInt8.ts';
import { seededRandom } from '../../tests/support/random.ts';
import type { Case } from '../suite.ts';
import type { Work } from '../work.ts';
import { expectClose, productError } from './verify.ts';

const shapes = [
  [384, 384, 384],
  [768, 768, 768],
  [128, 1536, 384],
  [128, 384, 1536],
  [16, 1024, 256],
  [2, 1536, 384],
  [1, 1536, 384],
] as const;

export function matmulCases(runtime: Runtime): Case[] {
  return [
    ...shapes.map(([M, N, K]) => packedCase(runtime, M, N, K)),
    fusedCase(runtime, 128, 1536, 384),
    tensorCase(runtime, 1, 384, 384, 384, { transposeA: true }),
    tensorCase(runtime, 1, 384, 384, 384, { transposeB: true }),
    tensorCase(runtime, 12, 128, 128, 32, { transposeB: true }),
  ];
}

function workOf(batch: number, M: number, N: number, K: number): Work {
  return {
    flops: 2 * batch * M * N * K,
    bytes: { read: 4 * batch * (M * K + N * K), written: 4 * batch * M * N },
  };
}

/** A weight that is packed once. */
function packedCase(runtime: Runtime, M: number, N: number, K: number): Case {
  const random = seededRandom(M + N + K);
  const [a, b] = [random.normals(M * K), random.normals(N * K)];
  const x = Tensor.from(runtime, a, [M, K]);
  const weight = new PackedWeight(Tensor.from(runtime, b, [N, K]));
  const name = `matmul ${M} x ${N} x ${K}`;
  return {
    name,
    verify() {
      const expected = matmulTransposed(a, b, null, null, M, N, K);
      const actual = runtime.scope(() => linear(x, weight).toFloat32Array());
      expectClose(name, actual, expected, productError(a, b, M, N, K));
    },
    run: () => runtime.scope(() => void linear(x, weight)),
    work: workOf(1, M, N, K),
  };
}

/** Bias and activation within the product. */
function fusedCase(runtime: Runtime, M: number, N: number, K: number): Case {
  const random = seededRandom(M + N + K);
  const scale = 1 / Math.sqrt(K);
  const [a, b, start] = [random.normals(M * K), random.normals(N * K, scale), random.normals(N)];
  const x = Tensor.from(runtime, a, [M, K]);
  const weight = new PackedWeight(Tensor.from(runtime, b, [N, K]));
  const bias = Tensor.from(runtime, start, [N]);
  const name = `matmul ${M} x ${N} x ${K}, bias and gelu`;
  const run = (): Tensor => linear(x, weight, bias, 'gelu');
  return {
    name,
    verify() {
      const sums = matmulTransposed(a, b, start, null, M, N, K);
      // GELU's slope is at most 1.13; its own error is 2.9e-7 |x|.
      const error = productError(a, b, M, N, K).map(
        (product, i) =>
          1.13 * (product + (K + 1) * Math.abs(start[i % N]!)) + (2.9e-7 / EPSILON) * Math.abs(sums[i]!),
      );
      const actual = runtime.scope(() => run().toFloat32Array());
      expectClose(name, actual, gelu(sums), error);
    },
    run: () => runtime.scope(() => void run()),
    work: workOf(1, M, N, K),
  };
}

/** The op, which packs its right side in each run. */
function tensorCase(
  runtime: Runtime,
  batch: number,
  M: number,
  N: number,
  K: number,
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean },
): Case {
  const random = seededRandom(batch + M + N + K);
  const [a, b] = [random.normals(batch * M * K), random.normals(batch * N * K)];
  const { transposeA = false, transposeB = false } = options;
  const left = Tensor.from(runtime, a, transposeA ? [batch, K, M] : [batch, M, K]);
  const right = Tensor.from(runtime, b, transposeB ? [batch, N, K] : [batch, K, N]);
  const name = `op matmul ${batch} x ${M} x ${N} x ${K}${transposeA ? ', A^T' : ''}${transposeB ? ', B^T' : ''}`;
  return {
    name,
    verify() {
      const actual = runtime.scope(() => matmul(left, right, options).toFloat32Array());
      for (let i = 0; i < batch; i++) {
        const [from, to] = [a.subarray(i * M * K, (i + 1) * M * K), b.subarray(i * N * K, (i + 1) * N * K)];
        const rows = transposeA ? transpose(from, K, M) : from;
        const columns = transposeB ? to : transpose(to, K, N);
        const expected = matmulTransposed(rows, columns, null, null, M, N, K);
        const part = actual.subarray(i * M * N, (i + 1) * M * N);
        expectClose(name, part, expected, productError(rows, columns, M, N, K));
      }
    },
    run: () => runtime.scope(() => void matmul(left, right, options)),
    work: workOf(batch, M, N, K),
  };
}
