/** What must not change a bit of a product: tiles, blocks, how it is split, and whether an activation is fused. */
import { f32_sigmoid, f32_tanh } from '../../assembly/kernels/elementwise';
import { f32_matmul, f32_matmul_transposed, f32_pack } from '../../assembly/kernels/matmul';
import { begin, caseName, expectIntact, getFloat, normals, output, outputFrom, seal, setFloat } from './support/buffers';
import { expectGapsUntouched } from './support/expect';

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

/** Fails where rows x columns floats, `stride` apart, differ from dense ones in a bit. */
function expectSameBits(actual: usize, stride: i32, expected: usize, rows: i32, columns: i32): void {
  let problem = '';
  for (let r = 0; r < rows; ++r) {
    for (let j = 0; j < columns; ++j) {
      const a = getFloat(actual, r * stride + j), e = getFloat(expected, r * columns + j);
      if (reinterpret<u32>(a) != reinterpret<u32>(e)) {
        problem = 'row ' + r.toString() + ' column ' + j.toString() + ' is ' + a.toString() + ', expected ' + e.toString();
      }
    }
  }
  expect<string>(problem).toBe('', caseName());
}

/** The transposed kernel on A given as [K, M] against the plain one on A. */
function checkTransposed(M: i32, N: i32, K: i32, start: Start, padding: i32, misaligned: bool): void {
  begin('matmul_transposed M=' + M.toString() + ' N=' + N.toString() + ' K=' + K.toString() + ' start=' + start.toString(), misaligned);
  const stride = M + padding, cStride = N + padding;
  const transposed = normals(K * stride), b = normals(K * N), bias = normals(N), before = normals(M * N);
  const a = output(M * K);
  for (let i = 0; i < M; ++i) {
    for (let k = 0; k < K; ++k) setFloat(a, i * K + k, getFloat(transposed, k * stride + i));
  }
  const packed = output(panels(N, 8) * K), c = output(M * cStride), expected = outputFrom(before, M * N);
  for (let i = 0; i < M; ++i) memory.copy(c + (<usize>(i * cStride) << 2), before + (<usize>(i * N) << 2), <usize>N << 2);
  seal();
  f32_pack(packed, b, K, N, N);
  const accumulate = start == Start.Accumulate ? 1 : 0, biasOrNone = start == Start.Zero ? <usize>0 : bias;
  f32_matmul(expected, a, packed, biasOrNone, M, N, K, K, N, accumulate, 0);
  f32_matmul_transposed(c, transposed, packed, biasOrNone, M, N, K, stride, cStride, accumulate);
  expectIntact();
  expectSameBits(c, cStride, expected, M, N);
  expectGapsUntouched(c, cStride, M, N);
}

/** Ranges of rows, each computed alone, against the whole product: what threads do. */
function checkRowsAlone(M: i32, N: i32, K: i32, rows: i32, start: Start, activation: i32): void {
  begin('matmul by ' + rows.toString() + ' rows M=' + M.toString() + ' N=' + N.toString() + ' K=' + K.toString() + ' start=' + start.toString());
  const a = normals(M * K), b = normals(K * N), bias = normals(N), before = normals(M * N);
  const packed = output(panels(N, 8) * K), whole = outputFrom(before, M * N), alone = outputFrom(before, M * N);
  seal();
  f32_pack(packed, b, K, N, N);
  const accumulate = start == Start.Accumulate ? 1 : 0, biasOrNone = start == Start.Zero ? <usize>0 : bias;
  f32_matmul(whole, a, packed, biasOrNone, M, N, K, K, N, accumulate, activation);
  for (let i = 0; i < M; i += rows) {
    const c = alone + (<usize>(i * N) << 2);
    f32_matmul(c, a + (<usize>(i * K) << 2), packed, biasOrNone, min(rows, M - i), N, K, K, N, accumulate, activation);
  }
  expectIntact();
  expectSameBits(alone, N, whole, M, N);
}

/** Ranges of whole panels, each computed alone, against the whole product. */
function checkColumnsAlone(M: i32, N: i32, K: i32, columns: i32, start: Start): void {
  begin('matmul by ' + columns.toString() + ' columns M=' + M.toString() + ' N=' + N.toString() + ' K=' + K.toString() + ' start=' + start.toString());
  const a = normals(M * K), b = normals(K * N), bias = normals(N), before = normals(M * N);
  const packed = output(panels(N, 8) * K), whole = outputFrom(before, M * N), alone = outputFrom(before, M * N);
  seal();
  f32_pack(packed, b, K, N, N);
  const accumulate = start == Start.Accumulate ? 1 : 0, biasOrNone = start == Start.Zero ? <usize>0 : bias;
  f32_matmul(whole, a, packed, biasOrNone, M, N, K, K, N, accumulate, 5);
  for (let j = 0; j < N; j += columns) {
    const at = <usize>j << 2, from: usize = biasOrNone ? biasOrNone + at : 0;
    f32_matmul(alone + at, a, packed + at * K, from, M, min(columns, N - j), K, K, N, accumulate, 5);
  }
  expectIntact();
  expectSameBits(alone, N, whole, M, N);
}

/** Codes of activations that have an element-wise kernel. */
const TANH: i32 = 4, SIGMOID: i32 = 5;

/** A fused activation against the element-wise kernel on the plain product. */
function checkActivation(M: i32, N: i32, K: i32, code: i32, start: Start, padding: i32, misaligned: bool): void {
  begin('matmul with activation ' + code.toString() + ' M=' + M.toString() + ' N=' + N.toString() + ' K=' + K.toString() + ' start=' + start.toString(), misaligned);
  const a = normals(M * K), b = normals(K * N), bias = normals(N), before = normals(M * N);
  // Far out, where activations saturate.
  if (M * K > 2) setFloat(a, (M - 1) * K, 1e4);
  const cStride = N + padding;
  const packed = output(panels(N, 8) * K), plain = outputFrom(before, M * N), c = output(M * cStride);
  for (let i = 0; i < M; ++i) memory.copy(c + (<usize>(i * cStride) << 2), before + (<usize>(i * N) << 2), <usize>N << 2);
  seal();
  f32_pack(packed, b, K, N, N);
  const accumulate = start == Start.Accumulate ? 1 : 0, biasOrNone = start == Start.Zero ? <usize>0 : bias;
  f32_matmul(plain, a, packed, biasOrNone, M, N, K, K, N, accumulate, 0);
  if (code == TANH) f32_tanh(plain, plain, M * N);
  else f32_sigmoid(plain, plain, M * N);
  f32_matmul(c, a, packed, biasOrNone, M, N, K, K, cStride, accumulate, code);
  expectIntact();
  expectSameBits(c, cStride, plain, M, N);
  expectGapsUntouched(c, cStride, M, N);
}

describe('f32_matmul', () => {
  it('gives each row, computed alone or among others, the same bits', () => {
    for (let m = 0; m < ROWS.length; ++m) {
      for (let rows = 1; rows <= 12; rows += rows == 1 ? 1 : 5) {
        checkRowsAlone(ROWS[m], 45, 37, rows, Start.Bias, 0);
        checkRowsAlone(ROWS[m], 33, 7, rows, Start.Accumulate, TANH);
      }
    }
    checkRowsAlone(13, 21, 1600, 1, Start.Bias, SIGMOID);
    checkRowsAlone(13, 41, 769, 5, Start.Accumulate, 0);
    checkRowsAlone(97, 41, 65, 1, Start.Zero, 0);
    checkRowsAlone(193, 9, 65, 12, Start.Bias, TANH);
  });
  it('gives each panel, computed alone or among others, the same bits', () => {
    for (let m = 0; m < ROWS.length; ++m) {
      checkColumnsAlone(ROWS[m], 77, 19, 8, Start.Bias);
      checkColumnsAlone(ROWS[m], 77, 19, 32, Start.Accumulate);
    }
    checkColumnsAlone(1, 129, 769, 32, Start.Bias);
    checkColumnsAlone(7, 65, 1600, 32, Start.Zero);
  });
  it('applies tanh and sigmoid as their kernels do, to the bit', () => {
    for (let code = TANH; code <= SIGMOID; ++code) {
      for (let m = 0; m < ROWS.length; ++m) {
        for (let n = 0; n < COLUMNS.length; ++n) {
          checkActivation(ROWS[m], COLUMNS[n], 5, code, Start.Bias, 0, false);
          checkActivation(ROWS[m], COLUMNS[n], 2, code, Start.Accumulate, 3, true);
        }
      }
      checkActivation(97, 17, 33, code, Start.Bias, 1, true);
      checkActivation(13, 17, 1600, code, Start.Zero, 0, false);
      checkActivation(13, 17, 0, code, Start.Bias, 0, false);
    }
  });
});

describe('f32_matmul_transposed', () => {
  it('gives what f32_matmul gives on the transposed copy, to the bit', () => {
    for (let m = 0; m < ROWS.length; ++m) {
      for (let n = 0; n < COLUMNS.length; ++n) {
        for (let k = (m + n) % 2; k < DEPTHS.length; k += 2) {
          const start = (m + n + k) % 3;
          checkTransposed(ROWS[m], COLUMNS[n], DEPTHS[k], start, m % 2 * 3, k % 4 < 2);
        }
      }
    }
  });
  it('also in blocks of rows and of depth', () => {
    for (let k = 0; k < BLOCK_DEPTHS.length; ++k) {
      checkTransposed(ROWS[k + 6], 33, BLOCK_DEPTHS[k], Start.Bias, 1, true);
      checkTransposed(1, 17, BLOCK_DEPTHS[k], Start.Accumulate, 0, false);
    }
    for (let m = 0; m < BLOCK_ROWS.length; ++m) checkTransposed(BLOCK_ROWS[m], 17, 33, Start.Zero, 3, true);
  });
});
