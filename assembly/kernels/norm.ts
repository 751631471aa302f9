/**
 * Layer norm (Ba, Kiros and Hinton 2016, arXiv:1607.06450), RMS norm (Zhang and Sennrich 2019, arXiv:1910.07467) and the
 * Euclidean norm over the last axis. x, out [rows, columns]; weight, bias [columns], absent (1 and 0) where their pointer is 0. `out` may
 * equal `x`. NaN in gives a row of NaN. Squares (layer norm: of x - mean) may overflow from 1.8e19 on.
 *
 * Layer norm takes the variance (biased) from x - mean in a second pass, and corrects it and y by what the rounded mean has
 * left over there (Chan, Golub and LeVeque 1983). So a mean far larger than the deviation costs nothing. Error, before
 * weight and bias: with k = columns / 16 + 8, at most k eps (1 + |y| + k eps mean |x| / sqrt(variance + epsilon)), while
 * that last term, what the first pass may be off by, stays below 1. RMS norm: at most k eps |y|.
 *
 * Measured (Node 24, AMD EPYC Zen 4, one thread): layer norm 512 x 768 `relaxed` 0.118 ms, 27 GB/s, 0.27 of a copy in the
 * third-level cache; `simd` 0.138 ms, 0.23. RMS norm 0.073 ms, 43 GB/s, 0.44, in both binaries. 128 x 384 `relaxed`,
 * in the second-level cache: 0.20 and 0.33 of a copy. The row stays in the first-level cache for the later passes.
 * Adding a residual within the kernel gained nothing over `f32_add` before it.
 */
import { hsum, loadTail, loadTailOver, loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/** The sum of n floats, in sixteen partial sums. */
function total(xPtr: usize, n: i32): f32 {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  for (; n >= 16; n -= 16, xPtr += 64) {
    a = f32x4.add(a, v128.load(xPtr));
    b = f32x4.add(b, v128.load(xPtr, 16));
    c = f32x4.add(c, v128.load(xPtr, 32));
    d = f32x4.add(d, v128.load(xPtr, 48));
  }
  for (; n >= 4; n -= 4, xPtr += 16) a = f32x4.add(a, v128.load(xPtr));
  if (n > 0) b = f32x4.add(b, loadTail(xPtr, n));
  return hsum(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** Of a row: lane 0 + lane 1 (what rounding lane 0 lost) is the mean, lane 2 is 1 / sqrt(variance + epsilon). */
export function rowMoments(xPtr: usize, columns: i32, epsilon: f32): v128 {
  const share: f32 = 1 / <f32>columns;
  const mean = total(xPtr, columns) * share;
  const shift = f32x4.splat(mean);
  let sumA = f32x4.splat(0), sumB = sumA, a = sumA, b = sumA, c = sumA, d = sumA;
  let n = columns;
  for (; n >= 16; n -= 16, xPtr += 64) {
    const p = f32x4.sub(v128.load(xPtr), shift);
    const q = f32x4.sub(v128.load(xPtr, 16), shift);
    const r = f32x4.sub(v128.load(xPtr, 32), shift);
    const s = f32x4.sub(v128.load(xPtr, 48), shift);
    sumA = f32x4.add(sumA, f32x4.add(p, q));
    sumB = f32x4.add(sumB, f32x4.add(r, s));
    a = madd(p, p, a);
    b = madd(q, q, b);
    c = madd(r, r, c);
    d = madd(s, s, d);
  }
  for (; n > 0; n -= 4, xPtr += 16) {
    const p = f32x4.sub(n >= 4 ? v128.load(xPtr) : loadTailOver(shift, xPtr, n), shift);
    sumA = f32x4.add(sumA, p);
    a = madd(p, p, a);
  }
  const rest = hsum(f32x4.add(sumA, sumB)) * share;
  const variance = max<f32>(hsum(f32x4.add(f32x4.add(a, b), f32x4.add(c, d))) * share - rest * rest, 0);
  return f32x4(mean, rest, 1 / sqrt(variance + epsilon), 0);
}

/** 1 / sqrt(mean of the squares + epsilon) of a row. */
export function reciprocalRootMeanSquare(xPtr: usize, columns: i32, epsilon: f32): f32 {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  let n = columns;
  for (; n >= 16; n -= 16, xPtr += 64) {
    const p = v128.load(xPtr), q = v128.load(xPtr, 16), r = v128.load(xPtr, 32), s = v128.load(xPtr, 48);
    a = madd(p, p, a);
    b = madd(q, q, b);
    c = madd(r, r, c);
    d = madd(s, s, d);
  }
  for (; n > 0; n -= 4, xPtr += 16) {
    const p = n >= 4 ? v128.load(xPtr) : loadTail(xPtr, n);
    a = madd(p, p, a);
  }
  return 1 / sqrt(hsum(f32x4.add(f32x4.add(a, b), f32x4.add(c, d))) / <f32>columns + epsilon);
}

/** y weight + bias: `count` lanes, 4 or more meaning all. What is absent is known where this is compiled. */
// @ts-ignore: decorator
@inline
function affine(y: v128, weightPtr: usize, biasPtr: usize, count: i32, weighted: bool, biased: bool): v128 {
  if (weighted && biased) return madd(y, loadUpTo4(weightPtr, count), loadUpTo4(biasPtr, count));
  if (weighted) return f32x4.mul(y, loadUpTo4(weightPtr, count));
  return biased ? f32x4.add(y, loadUpTo4(biasPtr, count)) : y;
}

/** out = ((x - mean) scale + offset) weight + bias, n floats. */
// @ts-ignore: decorator
@inline
function normaliseRow(
  outPtr: usize, xPtr: usize, weightPtr: usize, biasPtr: usize, n: i32, mean: v128, offset: v128, scale: v128,
  weighted: bool, biased: bool,
): void {
  for (; n >= 8; n -= 8, outPtr += 32, xPtr += 32, weightPtr += 32, biasPtr += 32) {
    const y = madd(f32x4.sub(v128.load(xPtr), mean), scale, offset);
    const z = madd(f32x4.sub(v128.load(xPtr, 16), mean), scale, offset);
    v128.store(outPtr, affine(y, weightPtr, biasPtr, 4, weighted, biased));
    v128.store(outPtr, affine(z, weightPtr + 16, biasPtr + 16, 4, weighted, biased), 16);
  }
  for (; n > 0; n -= 4, outPtr += 16, xPtr += 16, weightPtr += 16, biasPtr += 16) {
    const y = madd(f32x4.sub(loadUpTo4(xPtr, n), mean), scale, offset);
    storeUpTo4(outPtr, affine(y, weightPtr, biasPtr, n, weighted, biased), n);
  }
}

/** out = x scale weight, n floats. */
// @ts-ignore: decorator
@inline
function scaleRow(outPtr: usize, xPtr: usize, weightPtr: usize, n: i32, scale: v128, weighted: bool): void {
  for (; n >= 8; n -= 8, outPtr += 32, xPtr += 32, weightPtr += 32) {
    v128.store(outPtr, affine(f32x4.mul(v128.load(xPtr), scale), weightPtr, 0, 4, weighted, false));
    v128.store(outPtr, affine(f32x4.mul(v128.load(xPtr, 16), scale), weightPtr + 16, 0, 4, weighted, false), 16);
  }
  for (; n > 0; n -= 4, outPtr += 16, xPtr += 16, weightPtr += 16) {
    storeUpTo4(outPtr, affine(f32x4.mul(loadUpTo4(xPtr, n), scale), weightPtr, 0, n, weighted, false), n);
  }
}

/** y = (x - mean x) / sqrt(var x + epsilon) weight + bias, mean and (biased) variance those of x's row. */
export function f32_layer_norm(
  outPtr: usize, xPtr: usize, weightPtr: usize, biasPtr: usize, rows: i32, columns: i32, epsilon: f32,
): void {
  const rowBytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; ++r, outPtr += rowBytes, xPtr += rowBytes) {
    const moments = rowMoments(xPtr, columns, epsilon);
    const mean = f32x4.splat(f32x4.extract_lane(moments, 0)), scale = f32x4.extract_lane(moments, 2);
    const offset = f32x4.splat(-f32x4.extract_lane(moments, 1) * scale);
    const factor = f32x4.splat(scale);
    if (weightPtr && biasPtr) normaliseRow(outPtr, xPtr, weightPtr, biasPtr, columns, mean, offset, factor, true, true);
    else if (weightPtr) normaliseRow(outPtr, xPtr, weightPtr, 0, columns, mean, offset, factor, true, false);
    else if (biasPtr) normaliseRow(outPtr, xPtr, 0, biasPtr, columns, mean, offset, factor, false, true);
    else normaliseRow(outPtr, xPtr, 0, 0, columns, mean, offset, factor, false, false);
  }
}

/** y = x / sqrt(mean x^2 + epsilon) weight, the mean that of x's row. */
export function f32_rms_norm(
  outPtr: usize, xPtr: usize, weightPtr: usize, rows: i32, columns: i32, epsilon: f32,
): void {
  const rowBytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; ++r, outPtr += rowBytes, xPtr += rowBytes) {
    const scale = f32x4.splat(reciprocalRootMeanSquare(xPtr, columns, epsilon));
    if (weightPtr) scaleRow(outPtr, xPtr, weightPtr, columns, scale, true);
    else scaleRow(outPtr, xPtr, 0, columns, scale, false);
  }
}

/** 1 / |x| of a row; 0 where the squares vanish, so that a vector of zeros stays one. */
export function reciprocalNorm(xPtr: usize, columns: i32): f32 {
  const scale = reciprocalRootMeanSquare(xPtr, columns, 0) / sqrt(<f32>columns);
  return scale == Infinity ? 0 : scale;
}

/**
 * y = x / |x|, Euclidean; zeros where |x|^2 < 2^-149. x, out [rows, columns]; `out` may equal `x`. Error: at most
 * (columns / 16 + 10) eps |y|, where |x|^2 / columns is not subnormal.
 */
export function f32_l2_normalize(outPtr: usize, xPtr: usize, rows: i32, columns: i32): void {
  const rowBytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; ++r, outPtr += rowBytes, xPtr += rowBytes) {
    scaleRow(outPtr, xPtr, 0, columns, f32x4.splat(reciprocalNorm(xPtr, columns)), false);
  }
}
