/**
 * Micro-kernels of the packed matrix product, C += A · B: a tile of C kept in registers while K is walked once.
 *
 * Every element of C is summed in the order k = 0..K-1, whatever the tile: which kernel runs, and how rows are split
 * between calls or threads, does not change a bit of the result.
 *
 * Bodies are spelled out rather than looped over: a tile must live in named locals to stay in registers. 128-bit
 * machines have sixteen of them, of which engines keep one. Fused, a 6 x 8 tile takes twelve for C, two for B and one
 * for A; unfused, the product needs one more, so that 4 x 8 is the largest tile that does not spill. A step of the
 * 4 x 8 tile has as many loads as half its arithmetic, which is why walking four steps a turn pays.
 * Measured (Node 24, AMD EPYC Zen 4, one thread): 384^3 `relaxed`, 6 x 8 tiles, 56 GFLOP/s, 0.98 of the fused roofline;
 * `simd`, 4 x 8 tiles, 50 GFLOP/s, 0.90 of the mul+add one.
 * (The binaries are compiled with optimizeLevel 2: level 3 sinks each sum into one chain of dependent additions.)
 */
import { loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/** Not inline, as the last panel alone comes here: ten copies in each tile would double the binary. */
function loadLast(pointer: usize, columns: i32): v128 { return loadUpTo4(pointer, columns); }
function storeLast(pointer: usize, v: v128, columns: i32): void { storeUpTo4(pointer, v, columns); }

/** Four columns of a tile's row, of which `columns` are real. */
// @ts-ignore: decorator
@inline
function load4(pointer: usize, columns: i32): v128 {
  return columns >= 4 ? v128.load(pointer) : loadLast(pointer, columns);
}

// @ts-ignore: decorator
@inline
function store4(pointer: usize, v: v128, columns: i32): void {
  if (columns >= 4) v128.store(pointer, v);
  else storeLast(pointer, v, columns);
}

// @ts-ignore: decorator
@inline
function splat0(v: v128): v128 { return i8x16.shuffle(v, v, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3); }
// @ts-ignore: decorator
@inline
function splat1(v: v128): v128 { return i8x16.shuffle(v, v, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7); }
// @ts-ignore: decorator
@inline
function splat2(v: v128): v128 { return i8x16.shuffle(v, v, 8, 9, 10, 11, 8, 9, 10, 11, 8, 9, 10, 11, 8, 9, 10, 11); }
// @ts-ignore: decorator
@inline
function splat3(v: v128): v128 { return i8x16.shuffle(v, v, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15); }

/** A 6 x 8 tile of C, A's elements splatted by loads. Only where multiply and add fuse. */
export function tile6x8(
  cPtr: usize, aPtr: usize, panelPtr: usize, columns: i32, K: i32,
  aRowStride: usize, cRowStride: usize,
): void {
  const right = columns - 4;
  const c1 = cPtr + cRowStride, c2 = c1 + cRowStride, c3 = c2 + cRowStride, c4 = c3 + cRowStride, c5 = c4 + cRowStride;
  let s00 = load4(cPtr, columns), s01 = load4(cPtr + 16, right);
  let s10 = load4(c1, columns), s11 = load4(c1 + 16, right);
  let s20 = load4(c2, columns), s21 = load4(c2 + 16, right);
  let s30 = load4(c3, columns), s31 = load4(c3 + 16, right);
  let s40 = load4(c4, columns), s41 = load4(c4 + 16, right);
  let s50 = load4(c5, columns), s51 = load4(c5 + 16, right);
  let a0 = aPtr, a1 = a0 + aRowStride, a2 = a1 + aRowStride, a3 = a2 + aRowStride, a4 = a3 + aRowStride, a5 = a4 + aRowStride;
  for (let k = K; k > 0; --k) {
    const b0 = v128.load(panelPtr), b1 = v128.load(panelPtr, 16);
    let a = v128.load32_splat(a0);
    s00 = madd(a, b0, s00); s01 = madd(a, b1, s01);
    a = v128.load32_splat(a1);
    s10 = madd(a, b0, s10); s11 = madd(a, b1, s11);
    a = v128.load32_splat(a2);
    s20 = madd(a, b0, s20); s21 = madd(a, b1, s21);
    a = v128.load32_splat(a3);
    s30 = madd(a, b0, s30); s31 = madd(a, b1, s31);
    a = v128.load32_splat(a4);
    s40 = madd(a, b0, s40); s41 = madd(a, b1, s41);
    a = v128.load32_splat(a5);
    s50 = madd(a, b0, s50); s51 = madd(a, b1, s51);
    a0 += 4; a1 += 4; a2 += 4; a3 += 4; a4 += 4; a5 += 4;
    panelPtr += 32;
  }
  store4(cPtr, s00, columns); store4(cPtr + 16, s01, right);
  store4(c1, s10, columns); store4(c1 + 16, s11, right);
  store4(c2, s20, columns); store4(c2 + 16, s21, right);
  store4(c3, s30, columns); store4(c3 + 16, s31, right);
  store4(c4, s40, columns); store4(c4 + 16, s41, right);
  store4(c5, s50, columns); store4(c5 + 16, s51, right);
}

/** A 4 x 8 tile of C, A's elements splatted by loads. */
export function tile4x8Loads(
  cPtr: usize, aPtr: usize, panelPtr: usize, columns: i32, K: i32,
  aRowStride: usize, cRowStride: usize,
): void {
  const right = columns - 4;
  const c1 = cPtr + cRowStride, c2 = c1 + cRowStride, c3 = c2 + cRowStride;
  let s00 = load4(cPtr, columns), s01 = load4(cPtr + 16, right);
  let s10 = load4(c1, columns), s11 = load4(c1 + 16, right);
  let s20 = load4(c2, columns), s21 = load4(c2 + 16, right);
  let s30 = load4(c3, columns), s31 = load4(c3 + 16, right);
  let a0 = aPtr, a1 = a0 + aRowStride, a2 = a1 + aRowStride, a3 = a2 + aRowStride;
  let k = K;
  for (; k >= 4; k -= 4) {
    let b0 = v128.load(panelPtr), b1 = v128.load(panelPtr, 16);
    let a = v128.load32_splat(a0);
    s00 = madd(a, b0, s00); s01 = madd(a, b1, s01);
    a = v128.load32_splat(a1);
    s10 = madd(a, b0, s10); s11 = madd(a, b1, s11);
    a = v128.load32_splat(a2);
    s20 = madd(a, b0, s20); s21 = madd(a, b1, s21);
    a = v128.load32_splat(a3);
    s30 = madd(a, b0, s30); s31 = madd(a, b1, s31);
    b0 = v128.load(panelPtr, 32); b1 = v128.load(panelPtr, 48);
    a = v128.load32_splat(a0, 4);
    s00 = madd(a, b0, s00); s01 = madd(a, b1, s01);
    a = v128.load32_splat(a1, 4);
    s10 = madd(a, b0, s10); s11 = madd(a, b1, s11);
    a = v128.load32_splat(a2, 4);
    s20 = madd(a, b0, s20); s21 = madd(a, b1, s21);
    a = v128.load32_splat(a3, 4);
    s30 = madd(a, b0, s30); s31 = madd(a, b1, s31);
    b0 = v128.load(panelPtr, 64); b1 = v128.load(panelPtr, 80);
    a = v128.load32_splat(a0, 8);
    s00 = madd(a, b0, s00); s01 = madd(a, b1, s01);
    a = v128.load32_splat(a1, 8);
    s10 = madd(a, b0, s10); s11 = madd(a, b1, s11);
    a = v128.load32_splat(a2, 8);
    s20 = madd(a, b0, s20); s21 = madd(a, b1, s21);
    a = v128.load32_splat(a3, 8);
    s30 = madd(a, b0, s30); s31 = madd(a, b1, s31);
    b0 = v128.load(panelPtr, 96); b1 = v128.load(panelPtr, 112);
    a = v128.load32_splat(a0, 12);
    s00 = madd(a, b0, s00); s01 = madd(a, b1, s01);
    a = v128.load32_splat(a1, 12);
    s10 = madd(a, b0, s10); s11 = madd(a, b1, s11);
    a = v128.load32_splat(a2, 12);
    s20 = madd(a, b0, s20); s21 = madd(a, b1, s21);
    a = v128.load32_splat(a3, 12);
    s30 = madd(a, b0, s30); s31 = madd(a, b1, s31);
    a0 += 16; a1 += 16; a2 += 16; a3 += 16;
    panelPtr += 128;
  }
  store4(cPtr, s00, columns); store4(cPtr + 16, s01, right);
  store4(c1, s10, columns); store4(c1 + 16, s11, right);
  store4(c2, s20, columns); store4(c2 + 16, s21, right);
  store4(c3, s30, columns); store4(c3 + 16, s31, right);
  if (k) tile4x8(cPtr, a0, panelPtr, columns, k, aRowStride, 4, cRowStride);
}

/**
 * A 4 x 8 tile of C, four elements of A's rows loaded at once and splatted by shuffles: half the loads, which wins where
 * each of them carries a bounds check.
 */
export function tile4x8Shuffles(
  cPtr: usize, aPtr: usize, panelPtr: usize, columns: i32, K: i32,
  aRowStride: usize, cRowStride: usize,
): void {
  const right = columns - 4;
  const c1 = cPtr + cRowStride, c2 = c1 + cRowStride, c3 = c2 + cRowStride;
  let s00 = load4(cPtr, columns), s01 = load4(cPtr + 16, right);
  let s10 = load4(c1, columns), s11 = load4(c1 + 16, right);
  let s20 = load4(c2, columns), s21 = load4(c2 + 16, right);
  let s30 = load4(c3, columns), s31 = load4(c3 + 16, right);
  let a0 = aPtr, a1 = a0 + aRowStride, a2 = a1 + aRowStride, a3 = a2 + aRowStride;
  let k = K;
  for (; k >= 4; k -= 4) {
    const v0 = v128.load(a0), v1 = v128.load(a1), v2 = v128.load(a2), v3 = v128.load(a3);
    let b0 = v128.load(panelPtr), b1 = v128.load(panelPtr, 16);
    let a = splat0(v0);
    s00 = madd(a, b0, s00); s01 = madd(a, b1, s01);
    a = splat0(v1);
    s10 = madd(a, b0, s10); s11 = madd(a, b1, s11);
    a = splat0(v2);
    s20 = madd(a, b0, s20); s21 = madd(a, b1, s21);
    a = splat0(v3);
    s30 = madd(a, b0, s30); s31 = madd(a, b1, s31);
    b0 = v128.load(panelPtr, 32); b1 = v128.load(panelPtr, 48);
    a = splat1(v0);
    s00 = madd(a, b0, s00); s01 = madd(a, b1, s01);
    a = splat1(v1);
    s10 = madd(a, b0, s10); s11 = madd(a, b1, s11);
    a = splat1(v2);
    s20 = madd(a, b0, s20); s21 = madd(a, b1, s21);
    a = splat1(v3);
    s30 = madd(a, b0, s30); s31 = madd(a, b1, s31);
    b0 = v128.load(panelPtr, 64); b1 = v128.load(panelPtr, 80);
    a = splat2(v0);
    s00 = madd(a, b0, s00); s01 = madd(a, b1, s01);
    a = splat2(v1);
    s10 = madd(a, b0, s10); s11 = madd(a, b1, s11);
    a = splat2(v2);
    s20 = madd(a, b0, s20); s21 = madd(a, b1, s21);
    a = splat2(v3);
    s30 = madd(a, b0, s30); s31 = madd(a, b1, s31);
    b0 = v128.load(panelPtr, 96); b1 = v128.load(panelPtr, 112);
    a = splat3(v0);
    s00 = madd(a, b0, s00); s01 = madd(a, b1, s01);
    a = splat3(v1);
    s10 = madd(a, b0, s10); s11 = madd(a, b1, s11);
    a = splat3(v2);
    s20 = madd(a, b0, s20); s21 = madd(a, b1, s21);
    a = splat3(v3);
    s30 = madd(a, b0, s30); s31 = madd(a, b1, s31);
    a0 += 16; a1 += 16; a2 += 16; a3 += 16;
    panelPtr += 128;
  }
  store4(cPtr, s00, columns); store4(cPtr + 16, s01, right);
  store4(c1, s10, columns); store4(c1 + 16, s11, right);
  store4(c2, s20, columns); store4(c2 + 16, s21, right);
  store4(c3, s30, columns); store4(c3 + 16, s31, right);
  if (k) tile4x8(cPtr, a0, panelPtr, columns, k, aRowStride, 4, cRowStride);
}

/**
 * A 4 x 8 tile of C, A's columns any stride apart, one step at a time: for packed or transposed A, and for engines
 * whose scheduler reorders longer bodies (V8 before 12).
 */
export function tile4x8(
  cPtr: usize, aPtr: usize, panelPtr: usize, columns: i32, K: i32,
  aRowStride: usize, aColumnStride: usize, cRowStride: usize,
): void {
  const right = columns - 4;
  const c1 = cPtr + cRowStride, c2 = c1 + cRowStride, c3 = c2 + cRowStride;
  let s00 = load4(cPtr, columns), s01 = load4(cPtr + 16, right);
  let s10 = load4(c1, columns), s11 = load4(c1 + 16, right);
  let s20 = load4(c2, columns), s21 = load4(c2 + 16, right);
  let s30 = load4(c3, columns), s31 = load4(c3 + 16, right);
  let a0 = aPtr, a1 = a0 + aRowStride, a2 = a1 + aRowStride, a3 = a2 + aRowStride;
  for (let k = K; k > 0; --k) {
    const b0 = v128.load(panelPtr), b1 = v128.load(panelPtr, 16);
    let a = v128.load32_splat(a0);
    s00 = madd(a, b0, s00); s01 = madd(a, b1, s01);
    a = v128.load32_splat(a1);
    s10 = madd(a, b0, s10); s11 = madd(a, b1, s11);
    a = v128.load32_splat(a2);
    s20 = madd(a, b0, s20); s21 = madd(a, b1, s21);
    a = v128.load32_splat(a3);
    s30 = madd(a, b0, s30); s31 = madd(a, b1, s31);
    a0 += aColumnStride; a1 += aColumnStride; a2 += aColumnStride; a3 += aColumnStride;
    panelPtr += 32;
  }
  store4(cPtr, s00, columns); store4(cPtr + 16, s01, right);
  store4(c1, s10, columns); store4(c1 + 16, s11, right);
  store4(c2, s20, columns); store4(c2 + 16, s21, right);
  store4(c3, s30, columns); store4(c3 + 16, s31, right);
}

/** A 2 x 16 tile of C: two whole panels, `panelBytes` apart. */
export function tile2x16(
  cPtr: usize, aPtr: usize, panelPtr: usize, K: i32, panelBytes: usize,
  aRowStride: usize, aColumnStride: usize, cRowStride: usize,
): void {
  const c1 = cPtr + cRowStride;
  let s00 = v128.load(cPtr), s01 = v128.load(cPtr, 16);
  let s02 = v128.load(cPtr, 32), s03 = v128.load(cPtr, 48);
  let s10 = v128.load(c1), s11 = v128.load(c1, 16);
  let s12 = v128.load(c1, 32), s13 = v128.load(c1, 48);
  let a0 = aPtr, a1 = a0 + aRowStride, p1 = panelPtr + panelBytes;
  for (let k = K; k > 0; --k) {
    const b0 = v128.load(panelPtr), b1 = v128.load(panelPtr, 16), b2 = v128.load(p1), b3 = v128.load(p1, 16);
    let a = v128.load32_splat(a0);
    s00 = madd(a, b0, s00); s01 = madd(a, b1, s01); s02 = madd(a, b2, s02); s03 = madd(a, b3, s03);
    a = v128.load32_splat(a1);
    s10 = madd(a, b0, s10); s11 = madd(a, b1, s11); s12 = madd(a, b2, s12); s13 = madd(a, b3, s13);
    a0 += aColumnStride; a1 += aColumnStride;
    panelPtr += 32; p1 += 32;
  }
  v128.store(cPtr, s00); v128.store(cPtr, s01, 16); v128.store(cPtr, s02, 32); v128.store(cPtr, s03, 48);
  v128.store(c1, s10); v128.store(c1, s11, 16); v128.store(c1, s12, 32); v128.store(c1, s13, 48);
}

/** One row of C against one panel; `columns` (1 to 8) of it are real. */
export function tile1x8(
  cPtr: usize, aPtr: usize, panelPtr: usize, columns: i32, K: i32, aColumnStride: usize,
): void {
  let s0 = load4(cPtr, columns);
  let s1 = load4(cPtr + 16, columns - 4);
  for (let k = K; k > 0; --k) {
    const a = v128.load32_splat(aPtr);
    s0 = madd(a, v128.load(panelPtr), s0);
    s1 = madd(a, v128.load(panelPtr, 16), s1);
    aPtr += aColumnStride;
    panelPtr += 32;
  }
  store4(cPtr, s0, columns);
  store4(cPtr + 16, s1, columns - 4);
}

/** One row of C against four whole panels, `panelBytes` apart: enough sums to hide the latency of an addition. */
export function tile1x32(
  cPtr: usize, aPtr: usize, panelPtr: usize, K: i32, panelBytes: usize,
  aColumnStride: usize,
): void {
  let s0 = v128.load(cPtr), s1 = v128.load(cPtr, 16);
  let s2 = v128.load(cPtr, 32), s3 = v128.load(cPtr, 48);
  let s4 = v128.load(cPtr, 64), s5 = v128.load(cPtr, 80);
  let s6 = v128.load(cPtr, 96), s7 = v128.load(cPtr, 112);
  let p0 = panelPtr, p1 = p0 + panelBytes, p2 = p1 + panelBytes, p3 = p2 + panelBytes;
  for (let k = K; k > 0; --k) {
    const a = v128.load32_splat(aPtr);
    s0 = madd(a, v128.load(p0), s0); s1 = madd(a, v128.load(p0, 16), s1);
    s2 = madd(a, v128.load(p1), s2); s3 = madd(a, v128.load(p1, 16), s3);
    s4 = madd(a, v128.load(p2), s4); s5 = madd(a, v128.load(p2, 16), s5);
    s6 = madd(a, v128.load(p3), s6); s7 = madd(a, v128.load(p3, 16), s7);
    aPtr += aColumnStride;
    p0 += 32; p1 += 32; p2 += 32; p3 += 32;
  }
  v128.store(cPtr, s0); v128.store(cPtr, s1, 16); v128.store(cPtr, s2, 32); v128.store(cPtr, s3, 48);
  v128.store(cPtr, s4, 64); v128.store(cPtr, s5, 80); v128.store(cPtr, s6, 96); v128.store(cPtr, s7, 112);
}
