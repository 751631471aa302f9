/** The products of the fused attention, and how its panels lie in memory; see attention.ts. */
import { madd } from '../simd/vec';

/** Queries of a panel, of a stripe of it, and of a tile of the product with the values. */
export const PANEL: i32 = 24;
export const STRIPE: i32 = 8;
const TILE: i32 = 6;
/** Columns of a panel of values. */
export const COLUMNS: i32 = 8;
/** Bytes of one key's scores, and of each part of a panel's state. */
export const ROW: usize = 4 * PANEL;
/** Part of the scale: 2^x is cheaper than e^x. */
export const LOG2_E: f32 = 1.44269504;
/** Stands for the maximum of nothing: unlike -inf it can be subtracted from itself. */
export const LOWEST: f32 = -3.40282347e38;

/** out [6][8] = factors [6] * out + sum_key scores [key][6 of 24] values [key][8]. */
// @ts-ignore: decorator
@inline
function valueTile(outPtr: usize, scoresPtr: usize, valuePtr: usize, factorsPtr: usize, keys: i32): void {
  let f = v128.load32_splat(factorsPtr);
  let s00 = f32x4.mul(f, v128.load(outPtr)), s01 = f32x4.mul(f, v128.load(outPtr, 16));
  f = v128.load32_splat(factorsPtr, 4);
  let s10 = f32x4.mul(f, v128.load(outPtr, 32)), s11 = f32x4.mul(f, v128.load(outPtr, 48));
  f = v128.load32_splat(factorsPtr, 8);
  let s20 = f32x4.mul(f, v128.load(outPtr, 64)), s21 = f32x4.mul(f, v128.load(outPtr, 80));
  f = v128.load32_splat(factorsPtr, 12);
  let s30 = f32x4.mul(f, v128.load(outPtr, 96)), s31 = f32x4.mul(f, v128.load(outPtr, 112));
  f = v128.load32_splat(factorsPtr, 16);
  let s40 = f32x4.mul(f, v128.load(outPtr, 128)), s41 = f32x4.mul(f, v128.load(outPtr, 144));
  f = v128.load32_splat(factorsPtr, 20);
  let s50 = f32x4.mul(f, v128.load(outPtr, 160)), s51 = f32x4.mul(f, v128.load(outPtr, 176));
  for (; keys > 0; --keys, scoresPtr += ROW, valuePtr += 32) {
    const v0 = v128.load(valuePtr), v1 = v128.load(valuePtr, 16);
    let p = v128.load32_splat(scoresPtr);
    s00 = madd(p, v0, s00); s01 = madd(p, v1, s01);
    p = v128.load32_splat(scoresPtr, 4);
    s10 = madd(p, v0, s10); s11 = madd(p, v1, s11);
    p = v128.load32_splat(scoresPtr, 8);
    s20 = madd(p, v0, s20); s21 = madd(p, v1, s21);
    p = v128.load32_splat(scoresPtr, 12);
    s30 = madd(p, v0, s30); s31 = madd(p, v1, s31);
    p = v128.load32_splat(scoresPtr, 16);
    s40 = madd(p, v0, s40); s41 = madd(p, v1, s41);
    p = v128.load32_splat(scoresPtr, 20);
    s50 = madd(p, v0, s50); s51 = madd(p, v1, s51);
  }
  v128.store(outPtr, s00); v128.store(outPtr, s01, 16); v128.store(outPtr, s10, 32); v128.store(outPtr, s11, 48);
  v128.store(outPtr, s20, 64); v128.store(outPtr, s21, 80); v128.store(outPtr, s30, 96); v128.store(outPtr, s31, 112);
  v128.store(outPtr, s40, 128); v128.store(outPtr, s41, 144); v128.store(outPtr, s50, 160); v128.store(outPtr, s51, 176);
}

/**
 * Scores of `keys` keys, up to the next multiple of 4, against a stripe of queries [column][8]; maxima [8]: the largest
 * of them, passing over NaN.
 */
export function scoreStripe(scoresPtr: usize, maximaPtr: usize, packedKeyPtr: usize, queryPtr: usize, keys: i32, size: i32): void {
  let max0 = f32x4.splat(LOWEST), max1 = max0;
  for (; keys > 0; keys -= 4, scoresPtr += 4 * ROW) {
    let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
    for (let d = size, query = queryPtr; d > 0; --d, packedKeyPtr += 16, query += 32) {
      const q0 = v128.load(query), q1 = v128.load(query, 16);
      let k = v128.load32_splat(packedKeyPtr);
      s00 = madd(k, q0, s00); s01 = madd(k, q1, s01);
      k = v128.load32_splat(packedKeyPtr, 4);
      s10 = madd(k, q0, s10); s11 = madd(k, q1, s11);
      k = v128.load32_splat(packedKeyPtr, 8);
      s20 = madd(k, q0, s20); s21 = madd(k, q1, s21);
      k = v128.load32_splat(packedKeyPtr, 12);
      s30 = madd(k, q0, s30); s31 = madd(k, q1, s31);
    }
    v128.store(scoresPtr, s00); v128.store(scoresPtr, s01, 16);
    v128.store(scoresPtr, s10, ROW); v128.store(scoresPtr, s11, ROW + 16);
    v128.store(scoresPtr, s20, 2 * ROW); v128.store(scoresPtr, s21, 2 * ROW + 16);
    v128.store(scoresPtr, s30, 3 * ROW); v128.store(scoresPtr, s31, 3 * ROW + 16);
    max0 = f32x4.pmax(f32x4.pmax(f32x4.pmax(f32x4.pmax(max0, s00), s10), s20), s30);
    max1 = f32x4.pmax(f32x4.pmax(f32x4.pmax(f32x4.pmax(max1, s01), s11), s21), s31);
  }
  v128.store(maximaPtr, max0); v128.store(maximaPtr, max1, 16);
}

/**
 * out [panel of 8 columns][24 queries][8] = factor_query * out + sum_key scores [key][query] value [panel][key], over
 * the keys that each query sees: min(keys, seen + query). A tile's queries share what its first one sees.
 */
export function addValues(
  outPtr: usize, scoresPtr: usize, packedValuePtr: usize, factorsPtr: usize, queries: i32, keys: i32, seen: i32,
  columns: i32, panelBytes: usize,
): void {
  for (; columns > 0; columns -= COLUMNS, outPtr += ROW << 3, packedValuePtr += panelBytes) {
    for (let query = 0; query < queries; query += TILE) {
      const out = outPtr + ((<usize>query) << 5), scores = scoresPtr + ((<usize>query) << 2);
      const shared = max(0, min(keys, seen + query));
      valueTile(out, scores, packedValuePtr, factorsPtr + ((<usize>query) << 2), shared);
      if (shared < keys) {
        const value = packedValuePtr + ((<usize>shared) << 5), rest = min(TILE, queries - query);
        addDiagonal(out, scores + <usize>shared * ROW, value, rest, keys - shared, seen + query - shared);
      }
    }
  }
}

/** Adds the values of a tile's last keys, to each query those it sees: a value that it does not see may be NaN. */
function addDiagonal(outPtr: usize, scoresPtr: usize, valuePtr: usize, queries: i32, keys: i32, seen: i32): void {
  for (let query = 0; query < queries; ++query, outPtr += 32, scoresPtr += 4) {
    const visible = min(keys, seen + query);
    let left = v128.load(outPtr), right = v128.load(outPtr, 16);
    let score = scoresPtr, value = valuePtr;
    for (let key = 0; key < visible; ++key, score += ROW, value += 32) {
      const weight = v128.load32_splat(score);
      left = madd(weight, v128.load(value), left); right = madd(weight, v128.load(value, 16), right);
    }
    v128.store(outPtr, left); v128.store(outPtr, right, 16);
  }
}
