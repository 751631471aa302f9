/**
 * Attention scores of each query against each key of the same batch item.
 * query [batch, queries, size], key [batch, keys, size], scores [batch, queries, keys].
 * Measured (Node 24, AMD EPYC Zen 4, one thread, batch 64, 32 queries, 16 keys of 288, `relaxed`): dot 1.33 ms, 14 GFLOP/s,
 * 0.25 of the fused roofline, two loads for each multiply-add (attention.ts tiles them); additive 9.0 ms, 0.95 ns a tanh.
 */
import { tanh } from '../math/tanh';
import { hsum, loadTail, madd } from '../simd/vec';

/**
 * score_qk = scale * sum_d query_qd key_kd (Luong 2015 "dot"; with scale = 1 / sqrt(size), Vaswani 2017 eq. 1).
 * scores must not overlap the inputs. Error: at most (size / 4 + 4) eps * scale * sum |q||k|.
 */
export function f32_score_dot(
  scoresPtr: usize, queryPtr: usize, keyPtr: usize, batch: i32, queries: i32, keys: i32, size: i32, scale: f32,
): void {
  const bytes = (<usize>size) << 2;
  const whole = (<usize>(size & ~3)) << 2;
  const tail = size & 3;
  for (let b = 0; b < batch; ++b) {
    for (let q = 0; q < queries; ++q, queryPtr += bytes) {
      let key = keyPtr;
      for (let k = 0; k < keys; ++k, key += bytes, scoresPtr += 4) {
        let sum = f32x4.splat(0), other = f32x4.splat(0);
        let d: usize = 0;
        for (; d + 32 <= whole; d += 32) {
          sum = madd(v128.load(queryPtr + d), v128.load(key + d), sum);
          other = madd(v128.load(queryPtr + d, 16), v128.load(key + d, 16), other);
        }
        if (d < whole) { sum = madd(v128.load(queryPtr + d), v128.load(key + d), sum); d += 16; }
        if (tail) other = madd(loadTail(queryPtr + d, tail), loadTail(key + d, tail), other);
        store<f32>(scoresPtr, scale * hsum(f32x4.add(sum, other)));
      }
    }
    keyPtr += <usize>keys * bytes;
  }
}

/**
 * score_qk = sum_d vector_d tanh(query_qd + key_kd) (Bahdanau 2015, appendix A.1.2; Luong's "concat"), the query and
 * key already projected. Error: at most (size / 4 + 6) eps * sum |vector|.
 */
export function f32_score_additive(
  scoresPtr: usize, queryPtr: usize, keyPtr: usize, vectorPtr: usize, batch: i32, queries: i32, keys: i32, size: i32,
): void {
  const bytes = (<usize>size) << 2;
  const whole = (<usize>(size & ~3)) << 2;
  const tail = size & 3;
  for (let b = 0; b < batch; ++b) {
    for (let q = 0; q < queries; ++q, queryPtr += bytes) {
      let key = keyPtr;
      for (let k = 0; k < keys; ++k, key += bytes, scoresPtr += 4) {
        let sum = f32x4.splat(0);
        let d: usize = 0;
        for (; d < whole; d += 16) {
          sum = madd(v128.load(vectorPtr + d), tanh(f32x4.add(v128.load(queryPtr + d), v128.load(key + d))), sum);
        }
        if (tail) {
          const t = tanh(f32x4.add(loadTail(queryPtr + d, tail), loadTail(key + d, tail)));
          sum = madd(loadTail(vectorPtr + d, tail), t, sum);
        }
        store<f32>(scoresPtr, hsum(sum));
      }
    }
    keyPtr += <usize>keys * bytes;
  }
}
