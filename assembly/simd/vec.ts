/**
 * Vectors of four f32 lanes. This is the only file that names relaxed instructions: every kernel is written once
 * and compiled twice, deterministic (`simd`) and fused (`relaxed`).
 */

/** a * b + c; one rounding in the `relaxed` binary where the machine fuses, two roundings in `simd`. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/**
 * c + the dot products of four signed bytes of `w` with four bytes of `a`, lane by lane. Exact in both binaries as
 * long as `a` holds 0..127. (The relaxed instruction that also sums the pairs is five on x86 without VNNI.)
 */
// @ts-ignore: decorator
@inline
export function dot4(w: v128, a: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return i32x4.add(c, i32x4.extadd_pairwise_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(w, a)));
  }
  const even = i32x4.dot_i16x8_s(i16x8.shr_s(i16x8.shl(w, 8), 8), i16x8.shr_u(i16x8.shl(a, 8), 8));
  const odd = i32x4.dot_i16x8_s(i16x8.shr_s(w, 8), i16x8.shr_u(a, 8));
  return i32x4.add(i32x4.add(c, even), odd);
}

/**
 * Constant i of a table of floats, in each lane. V8 builds a `v128.const` where it stands, in four instructions, each
 * time round a loop; a load is one. Taking the constants of `exp` from a table halved the time of softmax.
 */
// @ts-ignore: decorator
@inline
export function constant(table: usize, i: usize): v128 {
  return v128.load32_splat(table + (i << 2));
}

/** Sum of the four lanes: (v0 + v2) + (v1 + v3). */
// @ts-ignore: decorator
@inline
export function hsum(v: v128): f32 {
  v = f32x4.add(v, i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1);
}

/** Largest of the four lanes, none of which is NaN. */
// @ts-ignore: decorator
@inline
export function hmax(v: v128): f32 {
  v = f32x4.pmax(v, i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  v = f32x4.pmax(v, i8x16.shuffle(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  return f32x4.extract_lane(v, 0);
}

/** Loads `count` (1 to 3) lanes over those of v, whose others stay; reads nothing past them. */
// @ts-ignore: decorator
@inline
export function loadTailOver(v: v128, pointer: usize, count: i32): v128 {
  v = v128.load32_lane(pointer, v, 0);
  if (count > 1) v = v128.load32_lane(pointer, v, 1, 4);
  if (count > 2) v = v128.load32_lane(pointer, v, 2, 8);
  return v;
}

/** Loads `count` (1 to 3) lanes, the others are zero; reads nothing past them. Not inline: kernels end with it, cold. */
export function loadTail(pointer: usize, count: i32): v128 {
  let v = v128.load32_zero(pointer);
  if (count > 1) v = v128.load32_lane(pointer, v, 1, 4);
  if (count > 2) v = v128.load32_lane(pointer, v, 2, 8);
  return v;
}

/** Stores the first `count` (1 to 3) lanes; writes nothing past them. */
export function storeTail(pointer: usize, v: v128, count: i32): void {
  v128.store32_lane(pointer, v, 0);
  if (count > 1) v128.store32_lane(pointer, v, 1, 4);
  if (count > 2) v128.store32_lane(pointer, v, 2, 8);
}

/** Loads `count` lanes, 4 or more meaning all, 0 or fewer meaning none. */
// @ts-ignore: decorator
@inline
export function loadUpTo4(pointer: usize, count: i32): v128 {
  if (count >= 4) return v128.load(pointer);
  return count > 0 ? loadTail(pointer, count) : f32x4.splat(0);
}

/** Stores `count` lanes, 4 or more meaning all, 0 or fewer meaning none. */
// @ts-ignore: decorator
@inline
export function storeUpTo4(pointer: usize, v: v128, count: i32): void {
  if (count >= 4) v128.store(pointer, v);
  else if (count > 0) storeTail(pointer, v, count);
}
