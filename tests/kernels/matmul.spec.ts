import { f32_matmul, f32_pack, f32_pack_transposed } from '../../assembly/kernels/matmul';
import { begin, doubles, expectIntact, getFloat, normals, output, seal, setFloat } from './support/buffers';
import { expectClose, expectCloseRows, expectExact, expectGapsUntouched, reportWorst } from './support/expect';
import { matmul, pack, packTransposed } from './support/reference';
import { SIZES } from './support/sizes';

const enum Start { Zero, Bias, Accumulate }

/** Tiles of six, four, two and one row, in all mixtures. */
const ROWS: i32[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 24, 25];
const COLUMNS: i32[] = [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 31, 32, 33, 65];
const DEPTHS: i32[] = [0, 1, 2, 7, 16, 33];
/** Around the depth of a block, and of two. */
const BLOCK_DEPTHS: i32[] = [767, 768, 769, 1536, 1600];
/** Around the rows of a block. */
const BLOCK_ROWS: i32[] = [95, 96, 97, 193];

function panels(columns: i32, width: i32): i32 {
  return (columns + width - 1) / width * width;
}

function checkMatmul(
  M: i32, N: i32, K: i32, start: Start, padding: i32, misaligned: bool, aStride: i32 = K + padding,
): void {
  begin('matmul M=' + M.toString() + ' N=' + N.toString() + ' K=' + K.toString() + ' start=' + start.toString(), misaligned);
  const bStride = N + 2 * padding, cStride = N + 3 * padding;
  const a = normals(M * aStride + max(0, K - aStride)), b = normals(K * bStride), bias = normals(N);
  const before = normals(M * N);
  // An outlier in one lane must stay in its row and column.
  if (M * K > 2) setFloat(a, (M - 1) * aStride, 1e4);
  const packed = output(panels(N, 8) * K), c = output(M * cStride);
  if (start == Start.Accumulate) {
    for (let i = 0; i < M; ++i) memory.copy(c + (<usize>(i * cStride) << 2), before + (<usize>(i * N) << 2), <usize>N << 2);
  }
  seal();
  const reference = doubles(M * N), magnitude = doubles(M * N);
  matmul(
    reference, magnitude, a, b, start == Start.Bias ? bias : 0, start == Start.Accumulate ? before : 0,
    M, N, K, aStride, bStride,
  );
  f32_pack(packed, b, K, N, bStride);
  // Accumulation ignores a bias.
  f32_matmul(c, a, packed, start == Start.Zero ? 0 : bias, M, N, K, aStride, cStride, start == Start.Accumulate ? 1 : 0, 0);
  expectIntact();
  expectCloseRows(c, cStride, reference, magnitude, M, N, K + 1);
  expectGapsUntouched(c, cStride, M, N);
}

/** All rows and columns, each with every second depth. */
function sweep(start: Start, padding: i32, misaligned: bool): void {
  for (let m = 0; m < ROWS.length; ++m) {
    for (let n = 0; n < COLUMNS.length; ++n) {
      for (let k = (m + n) % 2; k < DEPTHS.length; k += 2) checkMatmul(ROWS[m], COLUMNS[n], DEPTHS[k], start, padding, misaligned);
    }
  }
}

function checkPack(K: i32, N: i32, stride: i32, transposed: bool): void {
  begin('pack K=' + K.toString() + ' N=' + N.toString() + (transposed ? ' transposed' : ''), true);
  const source = normals(transposed ? N * stride : K * stride);
  const size = panels(N, 8) * K;
  const packed = output(size), reference = doubles(size);
  seal();
  if (transposed) {
    packTransposed(reference, source, K, N, stride);
    f32_pack_transposed(packed, source, K, N, stride);
  } else {
    pack(reference, source, K, N, stride);
    f32_pack(packed, source, K, N, stride);
  }
  expectIntact();
  expectExact(packed, reference, size);
}

function checkNonFinite(M: i32, N: i32, K: i32, row: i32, column: i32, value: f32): void {
  begin('matmul with ' + value.toString() + ' M=' + M.toString() + ' N=' + N.toString());
  const a = normals(M * K), b = normals(K * N);
  setFloat(a, row * K + K - 1, value);
  setFloat(b, column, value);
  const packed = output(panels(N, 8) * K), c = output(M * N);
  f32_pack(packed, b, K, N, N);
  f32_matmul(c, a, packed, 0, M, N, K, K, N, 0, 0);
  for (let i = 0; i < M; ++i) {
    for (let j = 0; j < N; ++j) expect<bool>(isFinite(getFloat(c, i * N + j))).toBe(i != row && j != column);
  }
}

describe('f32_pack', () => {
  it('lays out panels of eight columns, zeros past N, to the bit', () => {
    for (let k = 0; k < SIZES.length; ++k) {
      for (let n = 0; n < SIZES.length; ++n) checkPack(SIZES[k], SIZES[n], SIZES[n] + 3, false);
    }
  });
  it('f32_pack_transposed packs the transpose alike', () => {
    for (let k = 0; k < SIZES.length; ++k) {
      for (let n = 0; n < SIZES.length; ++n) checkPack(SIZES[k], SIZES[n], SIZES[k] + 3, true);
    }
  });
});

describe('f32_matmul', () => {
  it('is within (K + 1) eps sum |a||b|', () => sweep(Start.Zero, 0, false));
  it('adds the bias', () => sweep(Start.Bias, 0, false));
  it('accumulates', () => sweep(Start.Accumulate, 0, false));
  it('keeps to its columns where rows are strided, at any alignment', () => sweep(Start.Bias, 3, true));
  it('accumulates where rows are strided, at any alignment', () => sweep(Start.Accumulate, 3, true));
  it('takes rows of A that overlap, as the windows of a signal do', () => {
    checkMatmul(4, 258, 256, Start.Zero, 0, false, 128);
    checkMatmul(4, 128, 387, Start.Bias, 0, false, 129);
    checkMatmul(7, 33, 9, Start.Bias, 1, true, 3);
    checkMatmul(13, 41, 5, Start.Accumulate, 0, false, 1);
    checkMatmul(97, 9, 769, Start.Bias, 0, false, 2);
  });
  it('multiplies larger matrices', () => {
    checkMatmul(65, 127, 129, Start.Bias, 0, false);
    checkMatmul(63, 129, 255, Start.Accumulate, 1, true);
    checkMatmul(1, 257, 1023, Start.Bias, 0, false);
  });
  it('multiplies in blocks of rows and of depth', () => {
    for (let k = 0; k < BLOCK_DEPTHS.length; ++k) {
      const rows = ROWS[k + 6];
      checkMatmul(rows, 41, BLOCK_DEPTHS[k], Start.Bias, 0, false);
      checkMatmul(rows + 1, 9, BLOCK_DEPTHS[k], Start.Accumulate, 3, true);
      checkMatmul(1, 33, BLOCK_DEPTHS[k], Start.Zero, 1, true);
    }
    for (let m = 0; m < BLOCK_ROWS.length; ++m) {
      checkMatmul(BLOCK_ROWS[m], 17, 33, Start.Bias, 3, true);
      checkMatmul(BLOCK_ROWS[m], 9, 33, Start.Accumulate, 0, false);
    }
    checkMatmul(97, 15, 769, Start.Bias, 1, true);
  });
  it('keeps NaN and infinity in their row and column', () => {
    for (let row = 0; row < 6; ++row) {
      checkNonFinite(6, 37, 5, row, row, NaN);
      checkNonFinite(6, 37, 5, row, 36 - row, Infinity);
      checkNonFinite(6, 37, 5, row, 31, -Infinity);
    }
  });
  afterAll(() => reportWorst('f32_matmul'));
});
