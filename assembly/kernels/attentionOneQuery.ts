/**
 * Attention of one query, as in decoding with cached keys and values: both are read once, in place, so that memory
 * bandwidth decides. Scores are in units of log2(e), as in the tiled kernel.
 */
import { sumOfPowers } from '../math/exp2';
import { hsum, loadTail, loadUpTo4, madd, storeTail, storeUpTo4 } from '../simd/vec';
import { maskUnits } from './attentionMask';
import { LOWEST } from './attentionTiles';

/** The sums of four vectors, one in each lane. */
// @ts-ignore: decorator
@inline
function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return f32x4.add(i64x2.shuffle(ab, cd, 0, 2), i64x2.shuffle(ab, cd, 1, 3));
}

/** scores_j = unit q . k_j (+ mask_j), four keys at a time. Returns their maximum, of what is not NaN. */
function scoreKeys(
  scoresPtr: usize, queryPtr: usize, keyPtr: usize, maskPtr: usize, keys: i32, size: i32, keyStride: usize, unit: f32,
): f32 {
  const whole = (<usize>(size & ~3)) << 2, tail = size & 3, factor = f32x4.splat(unit);
  let largest = f32x4.splat(LOWEST);
  for (; keys > 0; keys -= 4, keyPtr += keyStride << 2, scoresPtr += 16) {
    // Past the last key, the last one again.
    const k0 = keyPtr, k1 = keys > 1 ? k0 + keyStride : k0, k2 = keys > 2 ? k1 + keyStride : k1, k3 = keys > 3 ? k2 + keyStride : k2;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let d: usize = 0; d < whole; d += 16) {
      const q = v128.load(queryPtr + d);
      s0 = madd(q, v128.load(k0 + d), s0); s1 = madd(q, v128.load(k1 + d), s1);
      s2 = madd(q, v128.load(k2 + d), s2); s3 = madd(q, v128.load(k3 + d), s3);
    }
    if (tail) {
      const q = loadTail(queryPtr + whole, tail);
      s0 = madd(q, loadTail(k0 + whole, tail), s0); s1 = madd(q, loadTail(k1 + whole, tail), s1);
      s2 = madd(q, loadTail(k2 + whole, tail), s2); s3 = madd(q, loadTail(k3 + whole, tail), s3);
    }
    let s = f32x4.mul(factor, sums(s0, s1, s2, s3));
    if (maskPtr) {
      s = f32x4.add(s, maskUnits(loadUpTo4(maskPtr, keys)));
      maskPtr += 16;
    }
    if (keys < 4) {
      const hidden = i32x4.gt_s(i32x4.splat(keys), i32x4(0, 1, 2, 3));
      s = v128.bitselect(s, f32x4.splat(-Infinity), hidden);
    }
    v128.store(scoresPtr, s);
    largest = f32x4.pmax(largest, s);
  }
  largest = f32x4.pmax(largest, i32x4.shuffle(largest, largest, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(largest, i32x4.shuffle(largest, largest, 1, 0, 3, 2)), 0);
}

/** Replaces scores, a multiple of four, by 2^(score - largest). Returns the sum. */
function exponentiateRow(scoresPtr: usize, keys: i32, largest: f32): f32 {
  return hsum(sumOfPowers(scoresPtr, (keys + 3) >> 2, 16, f32x4.splat(largest)));
}

/** out columns = factor * sum_j weights_j value_j, 32 columns at a time. */
function sumValues(outPtr: usize, weightsPtr: usize, valuePtr: usize, keys: i32, columns: i32, stride: usize, factor: f32): void {
  const f = f32x4.splat(factor), end = weightsPtr + ((<usize>keys) << 2);
  for (; columns >= 32; columns -= 32, outPtr += 128, valuePtr += 128) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    for (let weight = weightsPtr, value = valuePtr; weight < end; weight += 4, value += stride) {
      const w = v128.load32_splat(weight);
      s0 = madd(w, v128.load(value), s0); s1 = madd(w, v128.load(value, 16), s1);
      s2 = madd(w, v128.load(value, 32), s2); s3 = madd(w, v128.load(value, 48), s3);
      s4 = madd(w, v128.load(value, 64), s4); s5 = madd(w, v128.load(value, 80), s5);
      s6 = madd(w, v128.load(value, 96), s6); s7 = madd(w, v128.load(value, 112), s7);
    }
    v128.store(outPtr, f32x4.mul(f, s0)); v128.store(outPtr, f32x4.mul(f, s1), 16);
    v128.store(outPtr, f32x4.mul(f, s2), 32); v128.store(outPtr, f32x4.mul(f, s3), 48);
    v128.store(outPtr, f32x4.mul(f, s4), 64); v128.store(outPtr, f32x4.mul(f, s5), 80);
    v128.store(outPtr, f32x4.mul(f, s6), 96); v128.store(outPtr, f32x4.mul(f, s7), 112);
  }
  for (; columns > 0; columns -= 4, outPtr += 16, valuePtr += 16) {
    let s = f32x4.splat(0);
    for (let weight = weightsPtr, value = valuePtr; weight < end; weight += 4, value += stride) {
      s = madd(v128.load32_splat(weight), loadUpTo4(value, columns), s);
    }
    storeUpTo4(outPtr, f32x4.mul(f, s), columns);
  }
}

/**
 * out = sum_j softmax_j(unit' q . k_j + mask_j) v_j for one query of one head, `unit` being that scale times log2(e).
 * `scratch`: room for `keys` floats, rounded up to a multiple of four. Strides in bytes.
 */
export function attendOneQuery(
  outPtr: usize, queryPtr: usize, keyPtr: usize, valuePtr: usize, maskPtr: usize, scratchPtr: usize, keys: i32, size: i32,
  valueSize: i32, keyStride: usize, valueStride: usize, unit: f32,
): void {
  const largest = scoreKeys(scratchPtr, queryPtr, keyPtr, maskPtr, keys, size, keyStride, unit);
  const total = exponentiateRow(scratchPtr, keys, largest);
  if (total == 0) {
    memory.fill(outPtr, 0, (<usize>valueSize) << 2);
    return;
  }
  sumValues(outPtr, scratchPtr, valuePtr, keys, valueSize, valueStride, 1 / total);
}
