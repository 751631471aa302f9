/**
 * Matrix products with 8-bit weights: one symmetric scale for each output (weight = integer * scale), activations
 * quantised row by row as they come.
 *
 *   C[i][j] = start + (rowScale[i] * scale[j]) * sum_k q[i][k] * W[j][k]
 *
 * The sums are exact 32-bit integers and what follows them is multiplied and added without fusing, so `simd` and
 * `relaxed` agree bit for bit. Activations take 7 bits in `qi8_matmul`, up to 16 in `qi8_matmul_i16`: quantise.ts says
 * how. A row with a NaN or an infinity gives NaN throughout; activations whose scale would be below 2^-126 count as zero.
 *
 * The packed weight: panels of 32 columns, each 32 column sums (i32) and then, for each four k, eight vectors of
 * 4 columns x 4 k (k fastest). Even k are stored with 128 added, so that their bytes widen with a mask and odd ones
 * with a shift. Columns past N and k past K hold zeros. 128 * (1 + K' / 4) * ceil(N / 32) bytes, K' being K rounded up
 * to a multiple of 4.
 */
import { constant, dot4, loadUpTo4, storeUpTo4 } from '../simd/vec';
import { quantiseRow, quantiseRowI16, ROW_HEADER } from './quantise';

/** Columns of a panel. */
const PANEL: i32 = 32;
/** Bytes of a panel's column sums, and of what follows for each four k. */
const SUMS_BYTES: usize = 128;
const STEP_BYTES: usize = 128;
/** Columns of a tile of four rows. */
const TILE: i32 = 8;
/** Masks: the low bytes of 16-bit lanes, and their top bits. */
const MASKS: usize = memory.data<i32>([0x00ff00ff, 0x00800080]);
/** Rows quantised at a time: the scratch holds so many at most. */
const ROWS: i32 = 32;

// @ts-ignore: decorator
@inline
function panelBytes(K: i32): usize {
  return (<usize>(((K + 3) >> 2) + 1)) << 7;
}

/** What four columns' sums come to: rowScale * scale * sum. */
// @ts-ignore: decorator
@inline
function scaled(sum: v128, rowScale: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(sum), f32x4.mul(rowScale, scale));
}

/** Not inline, as the last columns alone come here: eight copies in a tile. */
function storeLast(cPtr: usize, startPtr: usize, value: v128, columns: i32): void {
  storeUpTo4(cPtr, startPtr ? f32x4.add(loadUpTo4(startPtr, columns), value) : value, columns);
}

/** Stores four columns, of which `columns` are real: start + value, the start being read at `startPtr`, or zero for 0. */
// @ts-ignore: decorator
@inline
function store4(cPtr: usize, startPtr: usize, value: v128, columns: i32): void {
  if (columns >= 4) v128.store(cPtr, startPtr ? f32x4.add(v128.load(startPtr), value) : value);
  else storeLast(cPtr, startPtr, value, columns);
}

/** Eight columns, of which `columns` are real. */
// @ts-ignore: decorator
@inline
function store8(cPtr: usize, startPtr: usize, left: v128, right: v128, columns: i32): void {
  store4(cPtr, startPtr, left, columns);
  store4(cPtr + 16, startPtr ? startPtr + 16 : 0, right, columns - 4);
}

/**
 * A 4 x 8 tile of C; `columns` (1 to 8) of it are real. Rows past `rows` (1 to 4) repeat the last one, and are not
 * stored. All is scaled before anything is stored, as sums that live on past a call would leave their registers.
 */
// @ts-ignore: decorator
@inline
function tile4x8(
  cPtr: usize, rowPtr: usize, sumsPtr: usize, weightsPtr: usize, scalePtr: usize, biasPtr: usize,
  rows: i32, columns: i32, K: i32, rowBytes: usize, cRowStride: usize, accumulate: bool,
): void {
  const r0 = rowPtr, r1 = rows > 1 ? r0 + rowBytes : r0, r2 = rows > 2 ? r1 + rowBytes : r1, r3 = rows > 3 ? r2 + rowBytes : r2;
  const sums0 = v128.load(sumsPtr), sums1 = v128.load(sumsPtr, 16);
  let zero = v128.load32_splat(r0, 4);
  let s00 = i32x4.mul(zero, sums0), s01 = i32x4.mul(zero, sums1);
  zero = v128.load32_splat(r1, 4);
  let s10 = i32x4.mul(zero, sums0), s11 = i32x4.mul(zero, sums1);
  zero = v128.load32_splat(r2, 4);
  let s20 = i32x4.mul(zero, sums0), s21 = i32x4.mul(zero, sums1);
  zero = v128.load32_splat(r3, 4);
  let s30 = i32x4.mul(zero, sums0), s31 = i32x4.mul(zero, sums1);
  let a0 = r0 + ROW_HEADER, a1 = r1 + ROW_HEADER, a2 = r2 + ROW_HEADER, a3 = r3 + ROW_HEADER;
  const flip = constant(MASKS, 1);
  for (let k = K; k > 0; k -= 4) {
    const w0 = v128.xor(v128.load(weightsPtr), flip), w1 = v128.xor(v128.load(weightsPtr, 16), flip);
    let a = v128.load32_splat(a0);
    s00 = dot4(w0, a, s00); s01 = dot4(w1, a, s01);
    a = v128.load32_splat(a1);
    s10 = dot4(w0, a, s10); s11 = dot4(w1, a, s11);
    a = v128.load32_splat(a2);
    s20 = dot4(w0, a, s20); s21 = dot4(w1, a, s21);
    a = v128.load32_splat(a3);
    s30 = dot4(w0, a, s30); s31 = dot4(w1, a, s31);
    a0 += 4; a1 += 4; a2 += 4; a3 += 4;
    weightsPtr += STEP_BYTES;
  }
  const scale0 = loadUpTo4(scalePtr, columns), scale1 = loadUpTo4(scalePtr + 16, columns - 4);
  let rowScale = v128.load32_splat(r0);
  s00 = scaled(s00, rowScale, scale0); s01 = scaled(s01, rowScale, scale1);
  rowScale = v128.load32_splat(r1);
  s10 = scaled(s10, rowScale, scale0); s11 = scaled(s11, rowScale, scale1);
  rowScale = v128.load32_splat(r2);
  s20 = scaled(s20, rowScale, scale0); s21 = scaled(s21, rowScale, scale1);
  rowScale = v128.load32_splat(r3);
  s30 = scaled(s30, rowScale, scale0); s31 = scaled(s31, rowScale, scale1);
  store8(cPtr, accumulate ? cPtr : biasPtr, s00, s01, columns);
  if (rows > 1) store8(cPtr + cRowStride, accumulate ? cPtr + cRowStride : biasPtr, s10, s11, columns);
  if (rows > 2) store8(cPtr + 2 * cRowStride, accumulate ? cPtr + 2 * cRowStride : biasPtr, s20, s21, columns);
  if (rows > 3) store8(cPtr + 3 * cRowStride, accumulate ? cPtr + 3 * cRowStride : biasPtr, s30, s31, columns);
}

/** Scales and stores four columns of a whole panel. */
// @ts-ignore: decorator
@inline
function storeFour(cPtr: usize, scalePtr: usize, startPtr: usize, sum: v128, rowScale: v128, offset: usize): void {
  store4(cPtr + offset, startPtr ? startPtr + offset : 0, scaled(sum, rowScale, v128.load(scalePtr + offset)), 4);
}

/** One row in 16 bits against a panel; `columns` (1 to 32) of it are real. */
// @ts-ignore: decorator
@inline
function tile1x32(
  cPtr: usize, rowPtr: usize, panelPtr: usize, scalePtr: usize, biasPtr: usize, columns: i32, K: i32, accumulate: bool,
): void {
  const rowScale = v128.load32_splat(rowPtr), low = constant(MASKS, 0);
  let s0 = v128.load32_splat(rowPtr, 4), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  rowPtr += ROW_HEADER;
  panelPtr += SUMS_BYTES;
  for (let k = K; k > 0; k -= 4) {
    const even = v128.load32_splat(rowPtr), odd = v128.load32_splat(rowPtr, 4);
    let w = v128.load(panelPtr);
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.and(w, low), even));
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(i16x8.shr_s(w, 8), odd));
    w = v128.load(panelPtr, 16);
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.and(w, low), even));
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(i16x8.shr_s(w, 8), odd));
    w = v128.load(panelPtr, 32);
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v128.and(w, low), even));
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(i16x8.shr_s(w, 8), odd));
    w = v128.load(panelPtr, 48);
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v128.and(w, low), even));
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(i16x8.shr_s(w, 8), odd));
    w = v128.load(panelPtr, 64);
    s4 = i32x4.add(s4, i32x4.dot_i16x8_s(v128.and(w, low), even));
    s4 = i32x4.add(s4, i32x4.dot_i16x8_s(i16x8.shr_s(w, 8), odd));
    w = v128.load(panelPtr, 80);
    s5 = i32x4.add(s5, i32x4.dot_i16x8_s(v128.and(w, low), even));
    s5 = i32x4.add(s5, i32x4.dot_i16x8_s(i16x8.shr_s(w, 8), odd));
    w = v128.load(panelPtr, 96);
    s6 = i32x4.add(s6, i32x4.dot_i16x8_s(v128.and(w, low), even));
    s6 = i32x4.add(s6, i32x4.dot_i16x8_s(i16x8.shr_s(w, 8), odd));
    w = v128.load(panelPtr, 112);
    s7 = i32x4.add(s7, i32x4.dot_i16x8_s(v128.and(w, low), even));
    s7 = i32x4.add(s7, i32x4.dot_i16x8_s(i16x8.shr_s(w, 8), odd));
    rowPtr += 8;
    panelPtr += STEP_BYTES;
  }
  const startPtr = accumulate ? cPtr : biasPtr;
  if (columns == PANEL) {
    storeFour(cPtr, scalePtr, startPtr, s0, rowScale, 0);
    storeFour(cPtr, scalePtr, startPtr, s1, rowScale, 16);
    storeFour(cPtr, scalePtr, startPtr, s2, rowScale, 32);
    storeFour(cPtr, scalePtr, startPtr, s3, rowScale, 48);
    storeFour(cPtr, scalePtr, startPtr, s4, rowScale, 64);
    storeFour(cPtr, scalePtr, startPtr, s5, rowScale, 80);
    storeFour(cPtr, scalePtr, startPtr, s6, rowScale, 96);
    storeFour(cPtr, scalePtr, startPtr, s7, rowScale, 112);
    return;
  }
  for (let j = 0; j < columns; j += 4) {
    const offset = (<usize>j) << 2, left = columns - j;
    const y = scaled(s0, rowScale, loadUpTo4(scalePtr + offset, left));
    const start = startPtr ? startPtr + offset : 0;
    if (start) storeUpTo4(cPtr + offset, f32x4.add(loadUpTo4(start, left), y), left);
    else storeUpTo4(cPtr + offset, y, left);
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7;
  }
}

/** qi8_matmul_i16 with strides in bytes. */
export function matmulI16(
  cPtr: usize, scratchPtr: usize, aPtr: usize, packedPtr: usize, scalePtr: usize, biasPtr: usize, M: i32, N: i32, K: i32,
  aRowStride: usize, cRowStride: usize, accumulate: bool,
): void {
  const rowBytes = ROW_HEADER + ((<usize>((K + 3) & ~3)) << 1), step = panelBytes(K);
  for (let i = 0; i < M; i += ROWS) {
    const rows = min(ROWS, M - i);
    for (let r = 0; r < rows; ++r) quantiseRowI16(scratchPtr + <usize>r * rowBytes, aPtr + <usize>r * aRowStride, K);
    let panel = packedPtr;
    for (let j = 0; j < N; j += PANEL) {
      const offset = (<usize>j) << 2, bias = biasPtr ? biasPtr + offset : 0;
      for (let r = 0; r < rows; ++r) {
        tile1x32(
          cPtr + <usize>r * cRowStride + offset, scratchPtr + <usize>r * rowBytes, panel, scalePtr + offset, bias,
          min(PANEL, N - j), K, accumulate,
        );
      }
      panel += step;
    }
    aPtr += aRowStride * <usize>ROWS; cPtr += cRowStride * <usize>ROWS;
  }
}

/**
 * Packs 8-bit weights [N, K] (PyTorch's layout), row-major with `sourceStride` bytes between rows, into the panels
 * described above. No alignment needed; the buffers must not overlap.
 */
export function qi8_pack(packedPtr: usize, sourcePtr: usize, K: i32, N: i32, sourceStride: i32): void {
  const step = panelBytes(K);
  for (let j = 0; j < N; j += PANEL) {
    memory.fill(packedPtr, 0, SUMS_BYTES);
    // Zero weights: even k are stored with 128 added.
    for (let offset: usize = SUMS_BYTES; offset < step; offset += 4) store<i32>(packedPtr + offset, 0x00800080);
    const columns = min(PANEL, N - j);
    for (let column = 0; column < columns; ++column) {
      const source = sourcePtr + <usize>(j + column) * <usize>sourceStride;
      const target = packedPtr + SUMS_BYTES + ((<usize>column) << 2);
      let sum = 0;
      for (let k = 0; k < K; ++k) {
        const weight = <i32>load<i8>(source + <usize>k);
        store<i8>(target + <usize>(k >> 2) * STEP_BYTES + <usize>(k & 3), k & 1 ? weight : weight ^ 0x80);
        sum += weight;
      }
      store<i32>(packedPtr + ((<usize>column) << 2), sum);
    }
    packedPtr += step;
  }
}

/**
 * C [M, N] = A [M, K] · W^T (+ bias [N]), or C += A · W^T where `accumulate` is not 0, with activations in 7 bits. W is
 * packed by `qi8_pack`; scale [N] are its outputs' scales. `aStride` and `cStride` are the elements between rows.
 * `biasPtr` 0: no bias; ignored when accumulating. scratch: min(M, 32) * (8 + K') bytes. K at most 130,000. C must not
 * overlap anything else. Error against exact products with the dequantised weight: rowScale / 2 * sum_k |W scale|, and
 * 5 eps of the summed absolute values.
 *
 * Measured (Node 24, AMD EPYC Zen 4, one thread): 128 x 1536 x 384 `relaxed` 1.56 ms (f32_matmul 2.72), 97 GOP/s, 0.85 of
 * the roofline of integer products, two multiplications for 16 products; `simd` 2.45 ms, 62 GOP/s, 0.54.
 */
export function qi8_matmul(
  cPtr: usize, scratchPtr: usize, aPtr: usize, packedPtr: usize, scalePtr: usize, biasPtr: usize, M: i32, N: i32, K: i32,
  aStride: i32, cStride: i32, accumulate: i32,
): void {
  const aRowStride = (<usize>aStride) << 2, cRowStride = (<usize>cStride) << 2;
  const rowBytes = ROW_HEADER + <usize>((K + 3) & ~3), step = panelBytes(K);
  for (let i = 0; i < M; i += ROWS) {
    const rows = min(ROWS, M - i);
    for (let r = 0; r < rows; ++r) quantiseRow(scratchPtr + <usize>r * rowBytes, aPtr + <usize>r * aRowStride, K);
    for (let j = 0; j < N; j += TILE) {
      const panel = packedPtr + <usize>(j / PANEL) * step, part = (<usize>(j & (PANEL - 1))) << 2;
      const offset = (<usize>j) << 2, bias = biasPtr ? biasPtr + offset : 0;
      for (let r = 0; r < rows; r += 4) {
        tile4x8(
          cPtr + <usize>r * cRowStride + offset, scratchPtr + <usize>r * rowBytes, panel + part, panel + SUMS_BYTES + part,
          scalePtr + offset, bias, rows - r, min(TILE, N - j), K, rowBytes, cRowStride, accumulate != 0,
        );
      }
    }
    aPtr += aRowStride * <usize>ROWS; cPtr += cRowStride * <usize>ROWS;
  }
}

/**
 * As qi8_matmul, with activations in up to 16 bits: for one row, where the weights' way from memory costs most, and for
 * recurrences, whose state carries its errors on. scratch: min(M, 32) * (8 + 2 K') bytes. K at most 65,536. Error as
 * above, with the finer rowScale.
 *
 * Measured (Node 24, AMD EPYC Zen 4, one thread): 1 x 1536 x 384, both binaries, 0.018 ms (f32_matmul 0.031), 64 GOP/s,
 * 0.56 of the roofline of integer products, and 0.84 of what six vector operations for 16 products at four a cycle allow.
 */
export function qi8_matmul_i16(
  cPtr: usize, scratchPtr: usize, aPtr: usize, packedPtr: usize, scalePtr: usize, biasPtr: usize, M: i32, N: i32, K: i32,
  aStride: i32, cStride: i32, accumulate: i32,
): void {
  matmulI16(
    cPtr, scratchPtr, aPtr, packedPtr, scalePtr, biasPtr, M, N, K, (<usize>aStride) << 2, (<usize>cStride) << 2, accumulate != 0,
  );
}
