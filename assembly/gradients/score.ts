/** Backward of kernels/score.ts. (That of the dot score is made of weighted sums.) */
import { tanh } from '../math/tanh';
import { loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/**
 * Backward of f32_score_additive; accumulates into all three gradients. With t = tanh(query + key):
 *   dvector += ds t,  dquery += ds vector (1 - t^2),  dkey += the same.
 */
export function f32_score_additive_backward(
  gradQueryPtr: usize, gradKeyPtr: usize, gradVectorPtr: usize, gradScoresPtr: usize,
  queryPtr: usize, keyPtr: usize, vectorPtr: usize, batch: i32, queries: i32, keys: i32, size: i32,
): void {
  const bytes = (<usize>size) << 2;
  const one = f32x4.splat(1);
  for (let b = 0; b < batch; ++b) {
    for (let q = 0; q < queries; ++q, queryPtr += bytes, gradQueryPtr += bytes, gradScoresPtr += (<usize>keys) << 2) {
      for (let d = 0; d < size; d += 4) {
        const left = size - d;
        const offset = (<usize>d) << 2;
        const query = loadUpTo4(queryPtr + offset, left), vector = loadUpTo4(vectorPtr + offset, left);
        let gradQuery = loadUpTo4(gradQueryPtr + offset, left), gradVector = loadUpTo4(gradVectorPtr + offset, left);
        let key = keyPtr + offset, gradKey = gradKeyPtr + offset;
        for (let k = 0; k < keys; ++k, key += bytes, gradKey += bytes) {
          const gradScore = v128.load32_splat(gradScoresPtr + ((<usize>k) << 2));
          const t = tanh(f32x4.add(query, loadUpTo4(key, left)));
          gradVector = madd(gradScore, t, gradVector);
          const gradSum = f32x4.mul(f32x4.mul(gradScore, vector), f32x4.sub(one, f32x4.mul(t, t)));
          gradQuery = f32x4.add(gradQuery, gradSum);
          storeUpTo4(gradKey, f32x4.add(loadUpTo4(gradKey, left), gradSum), left);
        }
        storeUpTo4(gradQueryPtr + offset, gradQuery, left);
        storeUpTo4(gradVectorPtr + offset, gradVector, left);
      }
    }
    keyPtr += <usize>keys * bytes; gradKeyPtr += <usize>keys * bytes;
  }
}
