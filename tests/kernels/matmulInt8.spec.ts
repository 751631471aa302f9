import { qi8_matmul, qi8_matmul_i16, qi8_pack } from '../../assembly/kernels/matmulInt8';
import {
  begin, bytes, doubles, expectIntact, getFloat, normals, output, seal, setFloat, uniforms,
} from './support/buffers';
import { expectClose, expectCloseRows, expectExact, expectGapsUntouched, reportWorst } from './support/expect';
import { random } from './support/random';
import { matmulInt8 } from './support/reference';

const enum Start { Zero, Bias, Accumulate }

const ROWS: i32[] = [0, 1, 2, 3, 4, 5, 8, 9];
const COLUMNS: i32[] = [0, 1, 3, 4, 5, 8, 9, 31, 32, 33, 40, 65];
const DEPTHS: i32[] = [0, 1, 3, 4, 5, 8, 15, 33];

function fours(n: i32): i32 {
  return (n + 3) / 4;
}

/** Words of packed weights: panels of 32 columns, each with its sums. */
function packedWords(N: i32, K: i32): i32 {
  return 32 * ((N + 31) / 32) * (1 + fours(K));
}

function scratchWords(M: i32, K: i32, bits: i32): i32 {
  return min(M, 32) * (2 + (bits == 7 ? fours(K) : 2 * fours(K)));
}

function multiply(
  bits: i32, c: usize, scratch: usize, a: usize, packed: usize, scales: usize, bias: usize,
  M: i32, N: i32, K: i32, aStride: i32, cStride: i32, accumulate: i32,
): void {
  if (bits == 7) qi8_matmul(c, scratch, a, packed, scales, bias, M, N, K, aStride, cStride, accumulate);
  else qi8_matmul_i16(c, scratch, a, packed, scales, bias, M, N, K, aStride, cStride, accumulate);
}

function checkMatmul(bits: i32, M: i32, N: i32, K: i32, start: Start, padding: i32, misaligned: bool): void {
  begin(
    'qi8 matmul, ' + bits.toString() + ' bits, M=' + M.toString() + ' N=' + N.toString() + ' K=' + K.toString() + ' start=' +
      start.toString(),
    misaligned,
  );
  const aStride = K + padding, weightStride = K + 3 * padding, cStride = N + 2 * padding;
  const a = normals(M * aStride), weight = bytes(N * weightStride), scales = uniforms(N, 0, 0.01), bias = normals(N);
  const before = normals(M * N);
  // An outlier makes its own row coarse, and no other.
  if (M * K > 2) setFloat(a, (M - 1) * aStride, 1e3);
  const packed = output(packedWords(N, K)), scratch = output(scratchWords(M, K, bits)), c = output(M * cStride);
  if (start == Start.Accumulate) {
    for (let i = 0; i < M; ++i) memory.copy(c + (<usize>(i * cStride) << 2), before + (<usize>(i * N) << 2), <usize>N << 2);
  }
  seal();
  const reference = doubles(M * N), error = doubles(M * N);
  matmulInt8(
    reference, error, a, weight, scales, start == Start.Bias ? bias : 0, start == Start.Accumulate ? before : 0,
    M, N, K, aStride, weightStride, bits,
  );
  qi8_pack(packed, weight, K, N, weightStride);
  multiply(
    bits, c, scratch, a, packed, scales, start == Start.Zero ? 0 : bias, M, N, K, aStride, cStride,
    start == Start.Accumulate ? 1 : 0,
  );
  expectIntact();
  expectCloseRows(c, cStride, reference, error, M, N, 1);
  expectGapsUntouched(c, cStride, M, N);
}

function sweep(bits: i32, start: Start, padding: i32, misaligned: bool): void {
  for (let m = 0; m < ROWS.length; ++m) {
    for (let n = 0; n < COLUMNS.length; ++n) {
      for (let k = 0; k < DEPTHS.length; ++k) checkMatmul(bits, ROWS[m], COLUMNS[n], DEPTHS[k], start, padding, misaligned);
    }
  }
}

/** Whole numbers that span the grade's whole range: their step is 1, so the sums must be exact. */
function checkIntegers(bits: i32, M: i32, N: i32, K: i32): void {
  begin('qi8 matmul of integers, ' + bits.toString() + ' bits, M=' + M.toString() + ' N=' + N.toString() + ' K=' + K.toString());
  const limit = min(32767, i32.MAX_VALUE / (512 * fours(K)));
  const a = normals(M * K), weight = bytes(N * K), scales = uniforms(N, 0, 1);
  for (let i = 0; i < M; ++i) {
    const low = bits == 7 ? -random.integer(0, 127) : -limit, high = bits == 7 ? low + 127 : limit;
    for (let k = 0; k < K; ++k) setFloat(a, i * K + k, <f32>random.integer(low, high));
    setFloat(a, i * K + K - 1, <f32>low);
    setFloat(a, i * K + K / 2, <f32>high);
  }
  // Powers of two: multiplying by them rounds nothing.
  for (let j = 0; j < N; ++j) setFloat(scales, j, <f32>(1.0 / <f64>(1 << (j % 8))));
  const packed = output(packedWords(N, K)), scratch = output(scratchWords(M, K, bits)), c = output(M * N);
  seal();
  const reference = doubles(M * N), error = doubles(M * N);
  matmulInt8(reference, error, a, weight, scales, 0, 0, M, N, K, K, K, bits);
  qi8_pack(packed, weight, K, N, K);
  multiply(bits, c, scratch, a, packed, scales, 0, M, N, K, K, N, 0);
  expectIntact();
  expectExact(c, reference, M * N);
}

/** All operands at their largest: the sums come closest to overflowing. */
function checkExtremes(bits: i32, K: i32, weightValue: i8, sign: f32): void {
  begin('qi8 matmul of extremes, ' + bits.toString() + ' bits, K=' + K.toString());
  const a = normals(K), weight = bytes(3 * K), scales = uniforms(3, 0.5, 1);
  for (let k = 0; k < K; ++k) setFloat(a, k, sign);
  memory.fill(weight, weightValue, 3 * K);
  const packed = output(packedWords(3, K)), scratch = output(scratchWords(1, K, bits)), c = output(3);
  seal();
  const reference = doubles(3), error = doubles(3);
  matmulInt8(reference, error, a, weight, scales, 0, 0, 1, 3, K, K, K, bits);
  qi8_pack(packed, weight, K, 3, K);
  multiply(bits, c, scratch, a, packed, scales, 0, 1, 3, K, K, 3, 0);
  expectIntact();
  expectClose(c, reference, error, 3, 1);
}

function checkNonFinite(bits: i32, M: i32, N: i32, K: i32, row: i32, value: f32): void {
  begin('qi8 matmul with ' + value.toString() + ', ' + bits.toString() + ' bits');
  const a = normals(M * K), weight = bytes(N * K), scales = uniforms(N, 0, 1);
  setFloat(a, row * K + row % K, value);
  const packed = output(packedWords(N, K)), scratch = output(scratchWords(M, K, bits)), c = output(M * N);
  qi8_pack(packed, weight, K, N, K);
  multiply(bits, c, scratch, a, packed, scales, 0, M, N, K, K, N, 0);
  for (let i = 0; i < M; ++i) {
    for (let j = 0; j < N; ++j) {
      const y = getFloat(c, i * N + j);
      expect<bool>(i == row ? isNaN(y) : isFinite(y)).toBe(true, 'row ' + i.toString() + ' column ' + j.toString());
    }
  }
}

/** Rows of one value, of the smallest and the largest floats. */
function checkRange(bits: i32, value: f32): void {
  begin('qi8 matmul of rows of ' + value.toString() + ', ' + bits.toString() + ' bits');
  const a = normals(7), weight = bytes(5 * 7), scales = uniforms(5, 1e-4, 1e-3);
  for (let k = 0; k < 7; ++k) setFloat(a, k, k % 2 ? value : -value);
  const packed = output(packedWords(5, 7)), scratch = output(scratchWords(1, 7, bits)), c = output(5);
  seal();
  const reference = doubles(5), error = doubles(5);
  matmulInt8(reference, error, a, weight, scales, 0, 0, 1, 5, 7, 7, 7, bits);
  qi8_pack(packed, weight, 7, 5, 7);
  multiply(bits, c, scratch, a, packed, scales, 0, 1, 5, 7, 7, 5, 0);
  expectIntact();
  expectClose(c, reference, error, 5, 1);
}

/** A row's result must not depend on the rows beside it: threads share them out. */
function checkAlone(bits: i32, M: i32, N: i32, K: i32): void {
  begin('qi8 matmul row by row, ' + bits.toString() + ' bits', true);
  const a = normals(M * K), weight = bytes(N * K), scales = uniforms(N, 0, 1), bias = normals(N);
  const packed = output(packedWords(N, K)), scratch = output(scratchWords(M, K, bits)), c = output(M * N), one = output(N);
  qi8_pack(packed, weight, K, N, K);
  multiply(bits, c, scratch, a, packed, scales, bias, M, N, K, K, N, 0);
  let same = true;
  for (let i = 0; i < M; ++i) {
    multiply(bits, one, scratch, a + (<usize>(i * K) << 2), packed, scales, bias, 1, N, K, K, N, 0);
    for (let j = 0; j < N; ++j) same = same && reinterpret<i32>(getFloat(one, j)) == reinterpret<i32>(getFloat(c, i * N + j));
  }
  expect<bool>(same).toBe(true);
}

function larger(bits: i32): void {
  checkMatmul(bits, 65, 127, 129, Start.Bias, 0, false);
  checkMatmul(bits, 33, 97, 255, Start.Accumulate, 1, true);
  checkMatmul(bits, 1, 257, 1023, Start.Bias, 0, false);
}

function wholeNumbers(bits: i32): void {
  for (let k = 3; k < 40; ++k) checkIntegers(bits, 5, 35, k);
  checkIntegers(bits, 3, 33, 1000);
  checkIntegers(bits, 33, 9, 17);
}

function extremes(bits: i32): void {
  for (let k = 500; k < 524; ++k) {
    checkExtremes(bits, k, -128, 1);
    checkExtremes(bits, k, 127, -1);
  }
  checkExtremes(bits, 30000, -128, -1);
  checkExtremes(bits, 30000, 127, 1);
}

function nonFinite(bits: i32): void {
  for (let row = 0; row < 6; ++row) {
    checkNonFinite(bits, 6, 37, 5, row, NaN);
    checkNonFinite(bits, 6, 37, 5, row, Infinity);
    checkNonFinite(bits, 6, 37, 5, row, -Infinity);
  }
}

function ranges(bits: i32): void {
  checkRange(bits, 0);
  checkRange(bits, 1e-44);
  checkRange(bits, 1e-30);
  checkRange(bits, 3.4e38);
}

describe('qi8_matmul', () => {
  it('is within half a step of each activation', () => sweep(7, Start.Zero, 0, false));
  it('adds the bias', () => sweep(7, Start.Bias, 0, false));
  it('accumulates where rows are strided, at any alignment', () => sweep(7, Start.Accumulate, 3, true));
  it('multiplies larger matrices', () => larger(7));
  it('sums whole numbers exactly', () => wholeNumbers(7));
  it('does not overflow', () => extremes(7));
  it('a row with a value that is not finite is NaN, the others are not', () => nonFinite(7));
  it('takes rows of zeros, tiny and huge values', () => ranges(7));
  it('computes each row as if alone, to the bit', () => checkAlone(7, 38, 41, 19));
  afterAll(() => reportWorst('qi8_matmul'));
});
describe('qi8_matmul_i16', () => {
  it('is within half a step of each activation', () => sweep(16, Start.Zero, 0, false));
  it('adds the bias', () => sweep(16, Start.Bias, 0, false));
  it('accumulates where rows are strided, at any alignment', () => sweep(16, Start.Accumulate, 3, true));
  it('multiplies larger matrices', () => larger(16));
  it('sums whole numbers exactly', () => wholeNumbers(16));
  it('does not overflow', () => extremes(16));
  it('a row with a value that is not finite is NaN, the others are not', () => nonFinite(16));
  it('takes rows of zeros, tiny and huge values', () => ranges(16));
  it('computes each row as if alone, to the bit', () => checkAlone(16, 38, 41, 19));
  afterAll(() => reportWorst('qi8_matmul_i16'));
});
