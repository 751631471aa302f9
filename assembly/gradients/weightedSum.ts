/** Backward of kernels/weightedSum.ts towards the values. (Towards the weights it is f32_score_dot.) */
import { loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/**
 * out_k += scale * sum_q weights_qk x_q. weights [batch, queries, keys], x [batch, queries, size],
 * out [batch, keys, size].
 */
export function f32_weighted_sum_transposed(
  outPtr: usize, weightsPtr: usize, xPtr: usize, batch: i32, queries: i32, keys: i32, size: i32, scale: f32,
): void {
  const bytes = (<usize>size) << 2;
  for (let b = 0; b < batch; ++b) {
    for (let q = 0; q < queries; ++q, xPtr += bytes) {
      let out = outPtr;
      for (let k = 0; k < keys; ++k, weightsPtr += 4) {
        const weight = f32x4.splat(scale * load<f32>(weightsPtr));
        for (let d = 0; d < size; d += 4, out += 16) {
          const left = size - d;
          storeUpTo4(out, madd(weight, loadUpTo4(xPtr + ((<usize>d) << 2), left), loadUpTo4(out, left)), left);
          if (left < 4) out -= (<usize>(4 - left)) << 2;
        }
      }
    }
    outPtr += <usize>keys * bytes;
  }
}
