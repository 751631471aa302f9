/**
 * Inverted dropout (Srivastava 2014): each element is kept with probability `keep` and divided by it.
 * Which are kept is a hash of (seed, index), so that the backward pass needs no stored mask.
 */
import { loadUpTo4, storeUpTo4 } from '../simd/vec';

/** Four uniform 32-bit integers from the indices (splitmix32's finaliser). */
// @ts-ignore: decorator
@inline
function hash(seed: v128, index: v128): v128 {
  let z = i32x4.add(seed, i32x4.mul(index, i32x4.splat(0x9e3779b9)));
  z = i32x4.mul(v128.xor(z, i32x4.shr_u(z, 16)), i32x4.splat(0x21f0aaad));
  z = i32x4.mul(v128.xor(z, i32x4.shr_u(z, 15)), i32x4.splat(0x735a2d97));
  return v128.xor(z, i32x4.shr_u(z, 15));
}

/**
 * out = x / keep where kept, else 0; out += that where `accumulate` is not 0 (the backward pass). An index is kept
 * where its hash, as a 31-bit integer, is below `threshold`, which is keep * 2^31 for keep < 1 (2^31 itself is no i32; keep = 1 needs no dropout). out may equal x when not accumulating.
 */
export function f32_dropout(outPtr: usize, xPtr: usize, n: i32, seed: i32, threshold: i32, scale: f32, accumulate: i32): void {
  const seeds = i32x4.splat(seed), limit = i32x4.splat(threshold), factor = f32x4.splat(scale);
  let index = i32x4(0, 1, 2, 3);
  for (; n > 0; n -= 4, outPtr += 16, xPtr += 16) {
    const kept = i32x4.lt_s(i32x4.shr_u(hash(seeds, index), 1), limit);
    let y = v128.and(f32x4.mul(loadUpTo4(xPtr, n), factor), kept);
    if (accumulate) y = f32x4.add(loadUpTo4(outPtr, n), y);
    storeUpTo4(outPtr, y, n);
    index = i32x4.add(index, i32x4.splat(4));
  }
}
