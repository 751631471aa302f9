import { constant, hsum, loadTailOver, madd, storeTail } from '../simd/vec';

/** Where n is -127 and 2^n, whose exponent bits are then all zero, is 0. */
const SMALLEST: f32 = -127;
/** 1.5 * 2^23 + 127: adding it rounds to an integer and leaves that integer, biased, in the low bits. */
const ROUNDING: f32 = 12583039.0;

const TABLE: usize = memory.data<f32>([
  SMALLEST, ROUNDING, 0.001326472731307149, 0.009671512991189957, 0.05550733581185341, 0.24022242426872253,
  0.6931470036506653, 1, 1.44269504,
]);

/** `exp2NonPositive` with its constants at hand: they stay in registers over a loop. */
// @ts-ignore: decorator
@inline
function evaluate(
  x: v128, smallest: v128, rounding: v128, p5: v128, p4: v128, p3: v128, p2: v128, p1: v128, one: v128,
): v128 {
  x = f32x4.pmax(x, smallest);
  const shifted = f32x4.add(x, rounding);
  const r = f32x4.sub(x, f32x4.sub(shifted, rounding));
  // Estrin's scheme: the chain is what bounds the loops, not the number of operations.
  const square = f32x4.mul(r, r);
  const p = madd(madd(madd(p5, r, p4), square, madd(p3, r, p2)), square, madd(p1, r, one));
  return f32x4.mul(p, i32x4.shl(shifted, 23));
}

/**
 * 2^x, four lanes, for x that is at most 0, or NaN: attention's exponential, cheaper than exp because log2(e) is part
 * of its scale and the reduction x = n + r, |r| <= 1/2, is exact. A polynomial of degree 5 in r (minimax, relative
 * error 9.2e-8, with 1 fixed), and n shifted into the exponent; multiplying by 2^n keeps every NaN a NaN.
 *
 * Below -126.5 the result is exactly 0; -inf gives 0, NaN gives NaN. Measured on a dense sweep of [-126, 0]: maximum
 * relative error 2.2e-7 (tests/kernels/math.spec.ts repeats it for both binaries).
 */
// @ts-ignore: decorator
@inline
export function exp2NonPositive(x: v128): v128 {
  return evaluate(
    x, constant(TABLE, 0), constant(TABLE, 1), constant(TABLE, 2), constant(TABLE, 3), constant(TABLE, 4),
    constant(TABLE, 5), constant(TABLE, 6), constant(TABLE, 7),
  );
}

/**
 * Replaces `count` vectors, `stride` bytes apart, by 2^(x - shift), where no x exceeds the shift, and returns their
 * sum, lane by lane.
 */
// @ts-ignore: decorator
@inline
export function sumOfPowers(pointer: usize, count: i32, stride: usize, shift: v128): v128 {
  const smallest = constant(TABLE, 0), rounding = constant(TABLE, 1), p5 = constant(TABLE, 2), p4 = constant(TABLE, 3);
  const p3 = constant(TABLE, 4), p2 = constant(TABLE, 5), p1 = constant(TABLE, 6), one = constant(TABLE, 7);
  let sum = f32x4.splat(0);
  for (; count > 0; --count, pointer += stride) {
    const e = evaluate(f32x4.sub(v128.load(pointer), shift), smallest, rounding, p5, p4, p3, p2, p1, one);
    v128.store(pointer, e);
    sum = f32x4.add(sum, e);
  }
  return sum;
}

/**
 * Returns the sum of exp(x - shift) over n floats, none of which exceeds the shift, in four partial sums, and leaves
 * the terms at `outPtr`, which may equal `xPtr`, where `keep` (a constant) says so. As 2^((x - shift) log2(e)), a third
 * faster than exp, for one more rounding of the argument: relative error (2.25 (shift - x) + 4) eps. NaN makes the
 * sum NaN.
 */
// @ts-ignore: decorator
@inline
export function sumOfExponentials(outPtr: usize, xPtr: usize, n: i32, shift: v128, keep: bool): f32 {
  const smallest = constant(TABLE, 0), rounding = constant(TABLE, 1), p5 = constant(TABLE, 2), p4 = constant(TABLE, 3);
  const p3 = constant(TABLE, 4), p2 = constant(TABLE, 5), p1 = constant(TABLE, 6), one = constant(TABLE, 7), log2e = constant(TABLE, 8);
  let sum = f32x4.splat(0);
  for (; n >= 4; n -= 4, outPtr += 16, xPtr += 16) {
    const x = f32x4.mul(f32x4.sub(v128.load(xPtr), shift), log2e);
    const e = evaluate(x, smallest, rounding, p5, p4, p3, p2, p1, one);
    if (keep) v128.store(outPtr, e);
    sum = f32x4.add(sum, e);
  }
  if (n > 0) {
    const x = f32x4.mul(f32x4.sub(loadTailOver(f32x4.splat(-Infinity), xPtr, n), shift), log2e);
    const e = exp2NonPositive(x);
    if (keep) storeTail(outPtr, e, n);
    sum = f32x4.add(sum, e);
  }
  return hsum(sum);
}
