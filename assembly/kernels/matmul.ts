/**
 * Matrix products against a packed right-hand side.
 *
 * The right-hand side B [K, N] is packed once (weights: at load) into panels of eight columns: panel p holds, for
 * k = 0..K-1, the eight values B[k][8p .. 8p+7], zeros past N.
 *
 * Blocking (after Goto & van de Geijn 2008): K is cut so that a panel's part stays in the first-level cache, rows so
 * that A's block stays in the second. N needs no cut: of a block of B, each value read is used for all rows of a block,
 * 96 times, so that even from main memory B arrives in time.
 *
 * Measured (Node 24, AMD EPYC Zen 4, one thread): 384^3 `relaxed` 56 GFLOP/s, 0.98 of the fused roofline (57); `simd`
 * 50, 0.90 of the mul+add one (56; some runs measure 46). Fastest samples of several runs.
 * 768^3 56 (0.98) and 49 (0.88); 128 x 1536 x 384 55 (0.97) and 50 (0.89), with bias and GELU 51
 * (0.90) and 46 (0.82); 128 x 384 x 1536 56 (0.98) and 50 (0.89); 16 x 1024 x 256 53 (0.93) and 48 (0.86); 2 x 1536 x 384
 * 50 (0.87) and 42 (0.75). 1 x 1536 x 384 reads its weight at 75 and 66 GB/s, 0.75 and 0.66 of the third-level cache.
 */
import { loadUpTo4 } from '../simd/vec';
import { activate } from './activation';
import { tile1x32, tile1x8, tile2x16, tile4x8, tile4x8Loads, tile4x8Shuffles, tile6x8 } from './tiles';

/** Columns of a panel. */
const PANEL: i32 = 8;
/** Depth of a block: a panel's part takes 24 kB. */
const BLOCK_DEPTH: i32 = 768;
/** Rows of a block, whole tiles of both heights: A's part takes at most 288 kB. */
const BLOCK_ROWS: i32 = 96;

/**
 * Which micro-kernel full tiles of row-major A take, an import fixed when the binary is instantiated: 0 splats A by
 * loads, 1 by shuffles, 2 by loads a step at a time. The results are the same bits; src/runtime/microKernel.ts chooses.
 */
// @ts-ignore: decorator
@external("env", "microKernel")
declare const microKernel: i32;

/** C row += A row · B, all panels. */
function rowProduct(
  cPtr: usize, aPtr: usize, packedPtr: usize, N: i32, K: i32, panelBytes: usize,
  aColumnStride: usize,
): void {
  let j = 0;
  for (; j + 4 * PANEL <= N; j += 4 * PANEL) {
    tile1x32(cPtr, aPtr, packedPtr, K, panelBytes, aColumnStride);
    cPtr += 128; packedPtr += panelBytes << 2;
  }
  for (; j < N; j += PANEL) {
    tile1x8(cPtr, aPtr, packedPtr, min(PANEL, N - j), K, aColumnStride);
    cPtr += 32; packedPtr += panelBytes;
  }
}

/** Two rows of C, all panels. */
function twoRows(
  cPtr: usize, aPtr: usize, packedPtr: usize, N: i32, K: i32, panelBytes: usize,
  aRowStride: usize, aColumnStride: usize, cRowStride: usize,
): void {
  let j = 0;
  for (; j + 2 * PANEL <= N; j += 2 * PANEL) {
    tile2x16(cPtr, aPtr, packedPtr, K, panelBytes, aRowStride, aColumnStride, cRowStride);
    cPtr += 64; packedPtr += panelBytes << 1;
  }
  if (j < N) {
    rowProduct(cPtr, aPtr, packedPtr, N - j, K, panelBytes, aColumnStride);
    rowProduct(cPtr + cRowStride, aPtr + aRowStride, packedPtr, N - j, K, panelBytes, aColumnStride);
  }
}

/** How many of `rows` rows tiles of six take, so that what is left divides by four where it can. */
// @ts-ignore: decorator
@inline
function rowsInSixes(rows: i32): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD || microKernel != 0) return 0;
  const left = rows % 6;
  return rows >= 6 && (left == 2 || left == 3) ? rows - left - 6 : rows - left;
}

/** Whole tiles of row-major A against one panel: first `sixes` rows, then up to row `tiled`. */
function panelTiles(
  cPtr: usize, aPtr: usize, panelPtr: usize, columns: i32, sixes: i32, tiled: i32, K: i32,
  aRowStride: usize, cRowStride: usize,
): void {
  let i = 0;
  if (ASC_FEATURE_RELAXED_SIMD) {
    for (; i < sixes; i += 6) {
      tile6x8(cPtr, aPtr, panelPtr, columns, K, aRowStride, cRowStride);
      cPtr += 6 * cRowStride; aPtr += 6 * aRowStride;
    }
  }
  for (; i < tiled; i += 4) {
    if (microKernel == 0) tile4x8Loads(cPtr, aPtr, panelPtr, columns, K, aRowStride, cRowStride);
    else if (microKernel == 1) tile4x8Shuffles(cPtr, aPtr, panelPtr, columns, K, aRowStride, cRowStride);
    else tile4x8(cPtr, aPtr, panelPtr, columns, K, aRowStride, 4, cRowStride);
    cPtr += cRowStride << 2; aPtr += aRowStride << 2;
  }
}

/** C [rows, columns] = bias, or zeros where biasPtr is 0: what the product is added to. */
function begin(cPtr: usize, biasPtr: usize, rows: i32, columns: i32, cRowStride: usize): void {
  for (let i = 0; i < rows; ++i, cPtr += cRowStride) {
    if (biasPtr) memory.copy(cPtr, biasPtr, (<usize>columns) << 2);
    else memory.fill(cPtr, 0, (<usize>columns) << 2);
  }
}

/** C += A · B for a block of rows and a block of depth, `panelBytes` between panels; then the activation. */
function block(
  cPtr: usize, aPtr: usize, packedPtr: usize, rows: i32, N: i32, K: i32, panelBytes: usize,
  aRowStride: usize, cRowStride: usize, activation: i32,
): void {
  const sixes = rowsInSixes(rows);
  const tiled = sixes + ((rows - sixes) & ~3);
  if (tiled) {
    let c = cPtr, panelPtr = packedPtr;
    for (let j = 0; j < N; j += PANEL) {
      const columns = min(PANEL, N - j);
      panelTiles(c, aPtr, panelPtr, columns, sixes, tiled, K, aRowStride, cRowStride);
      if (activation) activate(c, tiled, columns, cRowStride, activation);
      c += 32; panelPtr += panelBytes;
    }
  }
  const left = rows - tiled;
  if (!left) return;
  const c = cPtr + <usize>tiled * cRowStride, a = aPtr + <usize>tiled * aRowStride;
  if (left >= 2) twoRows(c, a, packedPtr, N, K, panelBytes, aRowStride, 4, cRowStride);
  if (left & 1) {
    const last = <usize>(left - 1);
    rowProduct(c + last * cRowStride, a + last * aRowStride, packedPtr, N, K, panelBytes, 4);
  }
  if (activation) activate(c, left, N, cRowStride, activation);
}

/**
 * C [M, N] = activation(A [M, K] · B [K, N] (+ bias [N])), or activation(C + A · B) where `accumulate`; A row-major,
 * strides in bytes. `biasPtr` is 0 for none and ignored when accumulating.
 */
export function matmulRowMajor(
  cPtr: usize, aPtr: usize, packedPtr: usize, biasPtr: usize, M: i32, N: i32, K: i32,
  aRowStride: usize, cRowStride: usize, accumulate: bool, activation: i32,
): void {
  const panelBytes = (<usize>K) << 5;
  // Blocks of even depth, rather than full ones and a small rest. K = 0 takes one pass too: it leaves bias or zeros.
  const blocks = max(1, (K + BLOCK_DEPTH - 1) / BLOCK_DEPTH);
  const depth = (K + blocks - 1) / blocks;
  let k = 0;
  for (let b = 1; b <= blocks; ++b, k += depth) {
    const a = aPtr + ((<usize>k) << 2), packed = packedPtr + ((<usize>k) << 5);
    for (let i = 0; i < M; i += BLOCK_ROWS) {
      const c = cPtr + <usize>i * cRowStride, rows = min(BLOCK_ROWS, M - i);
      if (b == 1 && !accumulate) begin(c, biasPtr, rows, N, cRowStride);
      block(
        c, a + <usize>i * aRowStride, packed, rows, N, min(depth, K - k), panelBytes, aRowStride, cRowStride,
        b == blocks ? activation : 0,
      );
    }
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
  if (aColumnStride == 4 && aTileStride == aRowStride << 2) {
    matmulRowMajor(cPtr, aPtr, packedPtr, biasPtr, M, N, K, aRowStride, cRowStride, accumulate, 0);
    return;
  }
  if (!accumulate) begin(cPtr, biasPtr, M, N, cRowStride);
  const panelBytes = (<usize>K) << 5;
  const tiled = M & ~3;
  const columnsTiled = tiled ? N : 0;
  for (let j = 0; j < columnsTiled; j += PANEL) {
    const panelPtr = packedPtr + <usize>(j / PANEL) * panelBytes;
    let c = cPtr + ((<usize>j) << 2), a = aPtr;
    for (let i = 0; i < tiled; i += 4) {
      tile4x8(c, a, panelPtr, min(PANEL, N - j), K, aRowStride, aColumnStride, cRowStride);
      c += cRowStride << 2; a += aTileStride;
    }
  }
  aPtr += <usize>(tiled >> 2) * aTileStride;
  for (let i = tiled; i < M; ++i) {
    rowProduct(cPtr + <usize>i * cRowStride, aPtr, packedPtr, N, K, panelBytes, aColumnStride);
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
 * C [M, N] = activation(A [M, K] · B (+ bias [N])), or activation(C + A · B) where `accumulate` is not 0. B is packed by
 * `f32_pack` or `f32_pack_transposed`. `aStride` and `cStride` are the elements between rows: A's may overlap, as the
 * windows of a signal do, C's may not (cStride >= N). `biasPtr` 0: no bias; it is ignored when accumulating. `activation`:
 * a code of activation.ts, 0 for none. C must not overlap A or B. K = 0 leaves bias or zeros. Each element is summed in the
 * order k = 0..K-1. Error before the activation: at most (K + 1) eps * sum |a||b|.
 */
export function f32_matmul(
  cPtr: usize, aPtr: usize, packedPtr: usize, biasPtr: usize, M: i32, N: i32, K: i32,
  aStride: i32, cStride: i32, accumulate: i32, activation: i32,
): void {
  matmulRowMajor(
    cPtr, aPtr, packedPtr, biasPtr, M, N, K, (<usize>aStride) << 2, (<usize>cStride) << 2, accumulate != 0, activation,
  );
}

/**
 * C [M, N] = A · B (+ bias [N]), or C += A · B where `accumulate` is not 0, with A given as its transpose [K, M], `aStride`
 * elements (>= M) between its rows; otherwise as `f32_matmul`.
 */
export function f32_matmul_transposed(
  cPtr: usize, aPtr: usize, packedPtr: usize, biasPtr: usize, M: i32, N: i32, K: i32,
  aStride: i32, cStride: i32, accumulate: i32,
): void {
  matmulPacked(cPtr, aPtr, packedPtr, biasPtr, M, N, K, 16, 4, (<usize>aStride) << 2, (<usize>cStride) << 2, accumulate != 0);
}
