/** References of matrix products and packing for the specs. */
import * as matmul from '../../reference/matmul.ts';
import { absolute } from '../bounds.ts';
import type { Views } from './views.ts';

export function matmulReferences({ f32, f32Or, put, dense }: Views) {
  return {
    matmul(
      out: number,
      magnitude: number,
      a: number,
      b: number,
      bias: number,
      before: number,
      M: number,
      N: number,
      K: number,
      aStride: number,
      bStride: number,
    ) {
      const A = dense(a, M, K, aStride);
      const B = dense(b, K, N, bStride);
      const start = f32Or(before, M * N);
      const biases = f32Or(bias, N);
      put(out, matmul.matmul(A, B, biases, start, M, N, K));
      put(
        magnitude,
        matmul.matmul(
          absolute(A),
          absolute(B),
          biases && absolute(biases),
          start && absolute(start),
          M,
          N,
          K,
        ),
      );
    },
    matmulRows(
      out: number,
      magnitude: number,
      before: number,
      a: number,
      b: number,
      M: number,
      N: number,
      K: number,
    ) {
      const A = matmul.transpose(f32(a, K * M), K, M);
      const B = f32(b, K * N);
      const start = f32(before, M * N);
      put(out, matmul.matmul(A, B, null, start, M, N, K));
      put(magnitude, matmul.matmul(absolute(A), absolute(B), null, absolute(start), M, N, K));
    },
    pack: (out: number, source: number, K: number, N: number, stride: number) =>
      put(out, matmul.pack(dense(source, K, N, stride), K, N)),
    packTransposed: (out: number, source: number, K: number, N: number, stride: number) =>
      put(out, matmul.pack(matmul.transpose(dense(source, N, K, stride), N, K), K, N)),
    packRows: (out: number, source: number, M: number, K: number, stride: number) =>
      put(out, matmul.packRows(dense(source, K, M, stride), M, K)),
  };
}
