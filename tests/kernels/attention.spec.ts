/** Scores and the weighted sum, with their gradients. */
import { f32_score_additive, f32_score_dot } from '../../assembly/kernels/score';
import { f32_weighted_sum } from '../../assembly/kernels/weightedSum';
import { f32_score_additive_backward } from '../../assembly/gradients/score';
import { f32_weighted_sum_transposed } from '../../assembly/gradients/weightedSum';
import { begin, doubles, expectIntact, getFloat, normals, output, outputFrom, seal, setFloat } from './support/buffers';
import { expectClose, reportWorst } from './support/expect';
import { scoreAdditive, scoreAdditiveBackward, scoreDot, weightedSum, weightedSumTransposed } from './support/reference';
import { SIZES } from './support/sizes';

const COUNTS: i32[] = [0, 1, 2, 5];

const enum Kernel { Dot, Additive, Sum, SumInto, Transposed, AdditiveBackward }

function label(name: string, batch: i32, queries: i32, keys: i32, size: i32): string {
  return name + ' [' + batch.toString() + ', ' + queries.toString() + ', ' + keys.toString() + ', ' + size.toString() + ']';
}

function checkDot(B: i32, Q: i32, K: i32, D: i32, misaligned: bool): void {
  begin(label('score_dot', B, Q, K, D), misaligned);
  const query = normals(B * Q * D), key = normals(B * K * D), n = B * Q * K;
  if (B * Q * D > 1) setFloat(query, B * Q * D - 1, 1e4);
  const scores = output(n), reference = doubles(n), magnitude = doubles(n);
  seal();
  scoreDot(reference, magnitude, query, key, B, Q, K, D, 0.125);
  f32_score_dot(scores, query, key, B, Q, K, D, 0.125);
  expectIntact();
  expectClose(scores, reference, magnitude, n, <f64>D / 4 + 4);
}

function checkAdditive(B: i32, Q: i32, K: i32, D: i32, misaligned: bool): void {
  begin(label('score_additive', B, Q, K, D), misaligned);
  const query = normals(B * Q * D), key = normals(B * K * D), vector = normals(D), n = B * Q * K;
  if (B * Q * D > 1) setFloat(query, B * Q * D - 1, 1e4);
  const scores = output(n), reference = doubles(n), magnitude = doubles(n);
  seal();
  scoreAdditive(reference, magnitude, query, key, vector, B, Q, K, D);
  f32_score_additive(scores, query, key, vector, B, Q, K, D);
  expectIntact();
  // The bound that the header states.
  expectClose(scores, reference, magnitude, n, <f64>D / 4 + 6);
}

function checkSum(B: i32, Q: i32, K: i32, D: i32, accumulate: bool, misaligned: bool): void {
  begin(label(accumulate ? 'weighted_sum +=' : 'weighted_sum', B, Q, K, D), misaligned);
  const weights = normals(B * Q * K), value = normals(B * K * D), n = B * Q * D, before = normals(n);
  if (B * K * D > 1) setFloat(value, B * K * D - 1, 1e4);
  const out = accumulate ? outputFrom(before, n) : output(n), reference = doubles(n), magnitude = doubles(n);
  seal();
  weightedSum(reference, magnitude, accumulate ? before : 0, weights, value, B, Q, K, D);
  f32_weighted_sum(out, weights, value, B, Q, K, D, accumulate ? 1 : 0);
  expectIntact();
  expectClose(out, reference, magnitude, n, K + 1);
}

function checkTransposed(B: i32, Q: i32, K: i32, D: i32, misaligned: bool): void {
  begin(label('weighted_sum_transposed', B, Q, K, D), misaligned);
  const weights = normals(B * Q * K), x = normals(B * Q * D), n = B * K * D, before = normals(n);
  if (B * Q * D > 1) setFloat(x, B * Q * D - 1, 1e4);
  const out = outputFrom(before, n), reference = doubles(n), magnitude = doubles(n);
  seal();
  weightedSumTransposed(reference, magnitude, before, weights, x, B, Q, K, D, 0.3);
  f32_weighted_sum_transposed(out, weights, x, B, Q, K, D, 0.3);
  expectIntact();
  // One more than the sum: the weight is scaled first.
  expectClose(out, reference, magnitude, n, Q + 2);
}

function checkAdditiveBackward(B: i32, Q: i32, K: i32, D: i32, misaligned: bool): void {
  begin(label('score_additive_backward', B, Q, K, D), misaligned);
  const query = normals(B * Q * D), key = normals(B * K * D), vector = normals(D), gradScores = normals(B * Q * K);
  const beforeQuery = normals(B * Q * D), beforeKey = normals(B * K * D), beforeVector = normals(D);
  if (B * Q * K > 1) setFloat(gradScores, 1, 1e4);
  const gradQuery = outputFrom(beforeQuery, B * Q * D), gradKey = outputFrom(beforeKey, B * K * D);
  const gradVector = outputFrom(beforeVector, D);
  const q = doubles(B * Q * D), k = doubles(B * K * D), v = doubles(D);
  const mq = doubles(B * Q * D), mk = doubles(B * K * D), mv = doubles(D);
  seal();
  scoreAdditiveBackward(
    q, k, v, mq, mk, mv, beforeQuery, beforeKey, beforeVector, gradScores, query, key, vector, B, Q, K, D,
  );
  f32_score_additive_backward(gradQuery, gradKey, gradVector, gradScores, query, key, vector, B, Q, K, D);
  expectIntact();
  // 10 for a term (tanh, its square, three products), one for each term added.
  expectClose(gradQuery, q, mq, B * Q * D, K + 10);
  expectClose(gradKey, k, mk, B * K * D, Q + 10);
  expectClose(gradVector, v, mv, D, B * Q * K + 10);
}

function sweep(kernel: Kernel): void {
  for (let b = 0; b < 4; ++b) {
    for (let q = 0; q < COUNTS.length; ++q) {
      for (let k = 0; k < COUNTS.length; ++k) {
        for (let s = 0; s < SIZES.length; ++s) {
          const B = b, Q = COUNTS[q], K = COUNTS[k], D = SIZES[s], misaligned = (b + q + k + s) % 2 == 1;
          if (kernel == Kernel.Dot) checkDot(B, Q, K, D, misaligned);
          if (kernel == Kernel.Additive) checkAdditive(B, Q, K, D, misaligned);
          if (kernel == Kernel.Sum) checkSum(B, Q, K, D, false, misaligned);
          if (kernel == Kernel.SumInto) checkSum(B, Q, K, D, true, misaligned);
          if (kernel == Kernel.Transposed) checkTransposed(B, Q, K, D, misaligned);
          if (kernel == Kernel.AdditiveBackward) checkAdditiveBackward(B, Q, K, D, misaligned);
        }
      }
    }
  }
}

/** A NaN in query row 1 must reach the scores of that row and no others. */
function checkNaN(additive: bool): void {
  begin('scores with NaN');
  const query = normals(3 * 7), key = normals(4 * 7), vector = normals(7), scores = output(12);
  setFloat(query, 7 + 5, NaN);
  if (additive) f32_score_additive(scores, query, key, vector, 1, 3, 4, 7);
  else f32_score_dot(scores, query, key, 1, 3, 4, 7, 1);
  for (let i = 0; i < 12; ++i) expect<bool>(isNaN(getFloat(scores, i))).toBe(i >= 4 && i < 8);
}

/** What has weight 0 at either end of a row is not read, in both widths of columns. */
function checkZeroEnds(size: i32): void {
  begin('weighted_sum with zero weights at the ends, size ' + size.toString());
  const keys = 7, weights = normals(2 * keys), value = normals(keys * size), plain = output(2 * size), out = output(2 * size);
  for (let k = 0; k < keys; ++k) {
    if (k < 2 || k > 4) setFloat(weights, k, 0);
    setFloat(weights, keys + k, 0);
  }
  f32_weighted_sum(plain, weights, value, 1, 2, keys, size, 0);
  for (let k = 0; k < keys; ++k) if (k < 2 || k > 4) for (let d = 0; d < size; ++d) setFloat(value, k * size + d, NaN);
  f32_weighted_sum(out, weights, value, 1, 2, keys, size, 0);
  for (let i = 0; i < 2 * size; ++i) expect<f32>(getFloat(out, i)).toBe(getFloat(plain, i));
  for (let i = size; i < 2 * size; ++i) expect<f32>(getFloat(out, i)).toBe(0);
  // Between weights that count, a zero does not hide NaN.
  setFloat(value, 3 * size, NaN);
  setFloat(weights, 3, 0);
  f32_weighted_sum(out, weights, value, 1, 2, keys, size, 0);
  expect<bool>(isNaN(getFloat(out, 0))).toBe(true);
}

describe('score', () => {
  it('f32_score_dot is within (size / 4 + 4) eps scale sum |q||k|', () => sweep(Kernel.Dot));
  it('f32_score_dot and f32_score_additive keep NaN in its row', () => { checkNaN(false); checkNaN(true); });
  afterAll(() => reportWorst('f32_score_dot'));
});
describe('additive score', () => {
  it('f32_score_additive is within (size / 4 + 6) eps sum |vector|', () => sweep(Kernel.Additive));
  afterAll(() => reportWorst('f32_score_additive'));
});
describe('additive score gradient', () => {
  it('f32_score_additive_backward', () => sweep(Kernel.AdditiveBackward));
  afterAll(() => reportWorst('f32_score_additive_backward'));
});
describe('weighted sum', () => {
  it('f32_weighted_sum is within (keys + 1) eps sum |w||v|', () => sweep(Kernel.Sum));
  it('f32_weighted_sum accumulates', () => sweep(Kernel.SumInto));
  it('f32_weighted_sum passes over zero weights at both ends', () => { checkZeroEnds(5); checkZeroEnds(16); });
  it('f32_weighted_sum_transposed', () => sweep(Kernel.Transposed));
  afterAll(() => reportWorst('f32_weighted_sum'));
});
