/** References of matrix products and packing for the specs. */
import * as matmul from '../../reference/matmul.ts';
import { absolute } from '../bounds.ts';
import type { Views } from './views.ts';

export function matmulReferences({ f32Or, put, dense }: Views) {
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
    pack: (out: number, source: number, K: number, N: number, stride: number) =>
      put(out, matmul.pack(dense(source, K, N, stride), K, N)),
    packTransposed: (out: number, source: number, K: number, N: number, stride: number) =>
      put(out, matmul.pack(matmul.transpose(dense(source, N, K, stride), N, K), K, N)),
    transpose: (out: number, x: number, rows: number, columns: number, stride: number) =>
      put(out, matmul.transpose(dense(x, rows, columns, stride), rows, columns)),
  };
}
