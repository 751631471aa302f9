/**
 * The weight gradient of a matrix product: C [M, N] += A^T · B with A [K, M]. (The input gradient is `f32_matmul`
 * against the weight packed the other way.)
 */
import { matmulPacked } from '../kernels/matmul';
import { loadUpTo4 } from '../simd/vec';

/**
 * Packs A^T given A [K, M], row-major with `sourceStride` elements between rows, into panels of four rows of A^T:
 * ceil(M / 4) * K * 4 floats, zeros past M. A strided walk would hit one cache set again and again.
 */
export function f32_pack_rows(packedPtr: usize, sourcePtr: usize, M: i32, K: i32, sourceStride: i32): void {
  const stride = (<usize>sourceStride) << 2;
  for (let i = 0; i < M; i += 4) {
    let source = sourcePtr + ((<usize>i) << 2);
    for (let k = 0; k < K; ++k) {
      v128.store(packedPtr, loadUpTo4(source, M - i));
      source += stride; packedPtr += 16;
    }
  }
}

/**
 * C [M, N] += A^T · B, where A^T is packed by `f32_pack_rows` and B [K, N] by `f32_pack`; `cStride` elements between
 * rows of C. C must not overlap the others. Error: at most (K + 1) eps * sum |a||b|.
 */
export function f32_matmul_rows(
  cPtr: usize, packedRowsPtr: usize, packedPtr: usize, M: i32, N: i32, K: i32, cStride: i32,
): void {
  matmulPacked(cPtr, packedRowsPtr, packedPtr, 0, M, N, K, (<usize>K) << 4, 4, 16, (<usize>cStride) << 2, true);
}
