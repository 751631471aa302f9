/**
 * Matrix products against a packed right-hand side.
 *
 * The right-hand side B [K, N] is packed once (weights: at load) into panels of eight columns: panel p holds, for
 * k = 0..K-1, the eight values B[k][8p .. 8p+7], zeros past N. The micro-kernel keeps a 4 x 8 tile of C in eight
 * registers and walks K once.
 */
import { loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/** Columns of a panel. */
const PANEL: i32 = 8;

/** Start value of a tile row's four columns: what C holds, the bias, or zero. */
// @ts-ignore: decorator
@inline
function startOf(cPtr: usize, biasPtr: usize, columns: i32, accumulate: bool): v128 {
  if (accumulate) return loadUpTo4(cPtr, columns);
  return biasPtr ? loadUpTo4(biasPtr, columns) : f32x4.splat(0);
}

/** A 4 x 8 tile of C; `columns` (1 to 8) of it are real. Strides in bytes. */
// @ts-ignore: decorator
@inline
function tile4x8(
  cPtr: usize, aPtr: usize, panelPtr: usize, biasPtr: usize, columns: i32, K: i32,
  aRowStride: usize, aColumnStride: usize, cRowStride: usize, accumulate: bool,
): void {
  const right = columns - 4;
  const c1 = cPtr + cRowStride, c2 = c1 + cRowStride, c3 = c2 + cRowStride;
  const biasRight = biasPtr ? biasPtr + 16 : 0;
  let s00 = startOf(cPtr, biasPtr, columns, accumulate), s01 = startOf(cPtr + 16, biasRight, right, accumulate);
  let s10 = startOf(c1, biasPtr, columns, accumulate), s11 = startOf(c1 + 16, biasRight, right, accumulate);
  let s20 = startOf(c2, biasPtr, columns, accumulate), s21 = startOf(c2 + 16, biasRight, right, accumulate);
  let s30 = startOf(c3, biasPtr, columns, accumulate), s31 = startOf(c3 + 16, biasRight, right, accumulate);
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
  storeUpTo4(cPtr, s00, columns); storeUpTo4(cPtr + 16, s01, right);
  storeUpTo4(c1, s10, columns); storeUpTo4(c1 + 16, s11, right);
  storeUpTo4(c2, s20, columns); storeUpTo4(c2 + 16, s21, right);
  storeUpTo4(c3, s30, columns); storeUpTo4(c3 + 16, s31, right);
}

/** One row of C against one panel; `columns` (1 to 8) of it are real. */
// @ts-ignore: decorator
@inline
function tile1x8(
  cPtr: usize, aPtr: usize, panelPtr: usize, biasPtr: usize, columns: i32, K: i32, aColumnStride: usize, accumulate: bool,
): void {
  let s0 = startOf(cPtr, biasPtr, columns, accumulate);
  let s1 = startOf(cPtr + 16, biasPtr ? biasPtr + 16 : 0, columns - 4, accumulate);
  for (let k = K; k > 0; --k) {
    const a = v128.load32_splat(aPtr);
    s0 = madd(a, v128.load(panelPtr), s0);
    s1 = madd(a, v128.load(panelPtr, 16), s1);
    aPtr += aColumnStride;
    panelPtr += 32;
  }
  storeUpTo4(cPtr, s0, columns);
  storeUpTo4(cPtr + 16, s1, columns - 4);
}

/** One row of C against four whole panels: enough independent sums to hide the latency of an addition. */
// @ts-ignore: decorator
@inline
function tile1x32(cPtr: usize, aPtr: usize, panelPtr: usize, biasPtr: usize, K: i32, aColumnStride: usize, accumulate: bool): void {
  let s0 = startOf(cPtr, biasPtr, 4, accumulate), s1 = startOf(cPtr + 16, biasPtr ? biasPtr + 16 : 0, 4, accumulate);
  let s2 = startOf(cPtr + 32, biasPtr ? biasPtr + 32 : 0, 4, accumulate), s3 = startOf(cPtr + 48, biasPtr ? biasPtr + 48 : 0, 4, accumulate);
  let s4 = startOf(cPtr + 64, biasPtr ? biasPtr + 64 : 0, 4, accumulate), s5 = startOf(cPtr + 80, biasPtr ? biasPtr + 80 : 0, 4, accumulate);
  let s6 = startOf(cPtr + 96, biasPtr ? biasPtr + 96 : 0, 4, accumulate), s7 = startOf(cPtr + 112, biasPtr ? biasPtr + 112 : 0, 4, accumulate);
  const panelBytes = (<usize>K) << 5;
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

/** C row (+)= A row · B, all panels. */
function rowProduct(
  cPtr: usize, aPtr: usize, packedPtr: usize, biasPtr: usize, N: i32, K: i32, aColumnStride: usize, accumulate: bool,
): void {
  const panelBytes = (<usize>K) << 5;
  let j = 0;
  for (; j + 4 * PANEL <= N; j += 4 * PANEL) {
    tile1x32(cPtr, aPtr, packedPtr, biasPtr, K, aColumnStride, accumulate);
    cPtr += 128; packedPtr += panelBytes << 2;
    if (biasPtr) biasPtr += 128;
  }
  for (; j < N; j += PANEL) {
    tile1x8(cPtr, aPtr, packedPtr, biasPtr, min(PANEL, N - j), K, aColumnStride, accumulate);
    cPtr += 32; packedPtr += panelBytes;
    if (biasPtr) biasPtr += 32;
  }
}

/**
 * C [M, N] = A [M, K] · B [K, N] (+ bias [N]), or C += A · B where `accumulate`; A's element (i, k) lies at
 * aPtr + (i / 4) * aTileStride + (i % 4) * aRowStride + k * aColumnStride. Strides in bytes. `biasPtr` is 0 for none
 * and ignored when accumulating.
 */
export function matmulPacked(
  cPtr: usize, aPtr: usize, packedPtr: usize, biasPtr: usize, M: i32, N: i32, K: i32,
  aTileStride: usize, aRowStride: usize, aColumnStride: usize, cRowStride: usize, accumulate: bool,
): void {
  const panelBytes = (<usize>K) << 5;
  const tiled = M & ~3;
  if (tiled) {
    for (let j = 0; j < N; j += PANEL) {
      const columns = min(PANEL, N - j);
      const panelPtr = packedPtr + <usize>(j / PANEL) * panelBytes;
      const bias = biasPtr ? biasPtr + ((<usize>j) << 2) : 0;
      let c = cPtr + ((<usize>j) << 2), a = aPtr;
      for (let i = 0; i < tiled; i += 4) {
        tile4x8(c, a, panelPtr, bias, columns, K, aRowStride, aColumnStride, cRowStride, accumulate);
        c += cRowStride << 2; a += aTileStride;
      }
    }
  }
  aPtr += <usize>(tiled >> 2) * aTileStride;
  for (let i = tiled; i < M; ++i) {
    rowProduct(cPtr + <usize>i * cRowStride, aPtr, packedPtr, biasPtr, N, K, aColumnStride, accumulate);
    aPtr += aRowStride;
  }
}

/**
 * Packs B [K, N], row-major with `sourceStride` elements between rows, into panels:
 * ceil(N / 8) * K * 8 floats at `packedPtr`. No alignment needed; the buffers must not overlap.
 */
export function f32_pack(packedPtr: usize, sourcePtr: usize, K: i32, N: i32, sourceStride: i32): void {
  const stride = (<usize>sourceStride) << 2;
  for (let j = 0; j < N; j += PANEL) {
    const columns = N - j;
    let source = sourcePtr + ((<usize>j) << 2);
    for (let k = 0; k < K; ++k) {
      v128.store(packedPtr, loadUpTo4(source, columns));
      v128.store(packedPtr, loadUpTo4(source + 16, columns - 4), 16);
      source += stride; packedPtr += 32;
    }
  }
}

/**
 * Packs B [K, N] given as its transpose [N, K] (a PyTorch weight), row-major with `sourceStride` elements between
 * rows, into panels as `f32_pack` does.
 */
export function f32_pack_transposed(packedPtr: usize, sourcePtr: usize, K: i32, N: i32, sourceStride: i32): void {
  const stride = (<usize>sourceStride) << 2;
  for (let j = 0; j < N; j += PANEL) {
    const columns = min(PANEL, N - j);
    for (let column = 0; column < PANEL; ++column) {
      let target = packedPtr + ((<usize>column) << 2);
      let source = sourcePtr + <usize>(j + column) * stride;
      if (column < columns) {
        for (let k = 0; k < K; ++k) { store<f32>(target, load<f32>(source)); source += 4; target += 32; }
      } else {
        for (let k = 0; k < K; ++k) { store<f32>(target, 0); target += 32; }
      }
    }
    packedPtr += (<usize>K) << 5;
  }
}

/**
 * C [M, N] = A [M, K] · B (+ bias [N]), or C += A · B where `accumulate` is not 0. B is packed by `f32_pack` or
 * `f32_pack_transposed`. `aStride` and `cStride` are the elements between rows (>= K, >= N). `biasPtr` 0: no bias;
 * it is ignored when accumulating. C must not overlap A or B. K = 0 leaves bias or zeros. Each element is summed in
 * the order k = 0..K-1. Error: at most (K + 1) eps * sum |a||b|.
 */
export function f32_matmul(
  cPtr: usize, aPtr: usize, packedPtr: usize, biasPtr: usize, M: i32, N: i32, K: i32,
  aStride: i32, cStride: i32, accumulate: i32,
): void {
  const aRowStride = (<usize>aStride) << 2;
  matmulPacked(cPtr, aPtr, packedPtr, biasPtr, M, N, K, aRowStride << 2, aRowStride, 4, (<usize>cStride) << 2, accumulate != 0);
}
