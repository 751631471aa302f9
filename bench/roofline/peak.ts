/**
 * What this engine and machine give at most: register-only arithmetic, and reads and copies of memory. Compiled by
 * bench/roofline.ts; no part of heed's binaries. Each loop is called many times for a short while, because newer V8s do
 * not tier up a loop that is already running.
 */

/** Independent chains: more than latency times throughput, and with two operands and a temporary still 15 registers. */
const CHAINS = 12;

/** Floating-point operations of one round of either loop. */
export function flops_per_round(): i32 {
  return CHAINS * 4 * 2;
}

// @ts-ignore: decorator
@inline function step(sum: v128, factor: v128, term: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? f32x4.relaxed_madd(sum, factor, term)
    : f32x4.add(f32x4.mul(sum, factor), term);
}

/**
 * `rounds` multiply-adds on each chain, fused where the binary is relaxed. The operands are arguments because V8 builds
 * vector constants anew in every round.
 */
export function multiply_add(rounds: i32, multiplier: f32, addend: f32): f32 {
  const factor = f32x4.splat(multiplier);
  const term = f32x4.splat(addend);
  let a = f32x4.splat(0.1), b = f32x4.splat(0.2), c = f32x4.splat(0.3), d = f32x4.splat(0.4);
  let e = f32x4.splat(0.5), f = f32x4.splat(0.6), g = f32x4.splat(0.7), h = f32x4.splat(0.8);
  let i = f32x4.splat(0.9), j = f32x4.splat(1.0), k = f32x4.splat(1.1), l = f32x4.splat(1.2);
  for (let round = 0; round < rounds; ++round) {
    a = step(a, factor, term); b = step(b, factor, term); c = step(c, factor, term); d = step(d, factor, term);
    e = step(e, factor, term); f = step(f, factor, term); g = step(g, factor, term); h = step(h, factor, term);
    i = step(i, factor, term); j = step(j, factor, term); k = step(k, factor, term); l = step(l, factor, term);
  }
  const first = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(e, f));
  const second = f32x4.add(f32x4.add(f32x4.add(g, h), f32x4.add(i, j)), f32x4.add(k, l));
  return f32x4.extract_lane(f32x4.add(first, second), 0);
}

/** Operations of one round of `dot`: each product and its addition, for which other units are free meanwhile. */
export function operations_per_round(): i32 {
  return CHAINS * 8 * 2;
}

/** `rounds` vectors of products of 16-bit integers, added in pairs, on each chain; 32 bits wrap. */
export function dot(rounds: i32, multiplier: i32): i32 {
  const factor = i16x8.splat(<i16>multiplier);
  let a = i32x4.splat(1), b = i32x4.splat(2), c = i32x4.splat(3), d = i32x4.splat(4);
  let e = i32x4.splat(5), f = i32x4.splat(6), g = i32x4.splat(7), h = i32x4.splat(8);
  let i = i32x4.splat(9), j = i32x4.splat(10), k = i32x4.splat(11), l = i32x4.splat(12);
  for (let round = 0; round < rounds; ++round) {
    a = i32x4.dot_i16x8_s(a, factor); b = i32x4.dot_i16x8_s(b, factor); c = i32x4.dot_i16x8_s(c, factor);
    d = i32x4.dot_i16x8_s(d, factor); e = i32x4.dot_i16x8_s(e, factor); f = i32x4.dot_i16x8_s(f, factor);
    g = i32x4.dot_i16x8_s(g, factor); h = i32x4.dot_i16x8_s(h, factor); i = i32x4.dot_i16x8_s(i, factor);
    j = i32x4.dot_i16x8_s(j, factor); k = i32x4.dot_i16x8_s(k, factor); l = i32x4.dot_i16x8_s(l, factor);
  }
  const first = v128.xor(v128.xor(v128.xor(a, b), v128.xor(c, d)), v128.xor(e, f));
  const second = v128.xor(v128.xor(v128.xor(g, h), v128.xor(i, j)), v128.xor(k, l));
  return i32x4.extract_lane(v128.xor(first, second), 0);
}

/** Reads `bytes`, a multiple of 128, at `from`. */
export function read(from: usize, bytes: usize): i32 {
  let a = i32x4.splat(0), b = i32x4.splat(0), c = i32x4.splat(0), d = i32x4.splat(0);
  const end = from + bytes;
  for (; from < end; from += 128) {
    a = v128.or(a, v128.load(from)); b = v128.or(b, v128.load(from, 16));
    c = v128.or(c, v128.load(from, 32)); d = v128.or(d, v128.load(from, 48));
    a = v128.or(a, v128.load(from, 64)); b = v128.or(b, v128.load(from, 80));
    c = v128.or(c, v128.load(from, 96)); d = v128.or(d, v128.load(from, 112));
  }
  return i32x4.extract_lane(v128.or(v128.or(a, b), v128.or(c, d)), 0);
}

/** Copies `bytes`, a multiple of 64, from `from` to `to`. */
export function copy(to: usize, from: usize, bytes: usize): void {
  const end = from + bytes;
  for (; from < end; from += 64, to += 64) {
    v128.store(to, v128.load(from)); v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32); v128.store(to, v128.load(from, 48), 48);
  }
}
