import { constant, hsum, loadTailOver, madd, storeTail } from '../simd/vec';

/** 1.5 * 2^23 + 127: adding it rounds to an integer and leaves that integer, biased, in the low bits. */
const ROUNDING: f32 = 12583039.0;
/** Where n is -127 and 2^n, whose exponent bits are then all zero, is 0: from -126.5 ln 2 = -87.68310 down. */
const SMALLEST: f32 = -88;
/** Where n is 128 and 2^n, whose exponent bits are then all ones, is infinity: from 127.5 ln 2 = 88.37627 up. */
const LARGEST: f32 = 88.8;
/** ln 2 = LN2_HIGH - LN2_LOW; n LN2_HIGH is exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = 2.12194440e-4;

const TABLE: usize = memory.data<f32>([
  SMALLEST, 1.44269504, ROUNDING, -LN2_HIGH, LN2_LOW,
  1.3814467238262296e-3, 8.368780836462975e-3, 4.166839271783829e-2, 1.666651964187622e-1, 4.999999403953552e-1, 1,
  LARGEST,
]);

/** `expNonPositive` with its constants at hand: where they stay in registers, a loop is a quarter faster. */
// @ts-ignore: decorator
@inline
function evaluate(
  x: v128, smallest: v128, log2e: v128, rounding: v128, ln2High: v128, ln2Low: v128,
  p6: v128, p5: v128, p4: v128, p3: v128, p2: v128, one: v128,
): v128 {
  x = f32x4.pmax(x, smallest);
  const shifted = madd(x, log2e, rounding);
  const n = f32x4.sub(shifted, rounding);
  const r = madd(n, ln2Low, madd(n, ln2High, x));
  let p = madd(p6, r, p5);
  p = madd(p, r, p4);
  p = madd(p, r, p3);
  p = madd(p, r, p2);
  p = madd(p, r, one);
  p = madd(p, r, one);
  return f32x4.mul(p, i32x4.shl(shifted, 23));
}

/**
 * exp(x) without the upper clamp, four lanes: for x that is at most 88.8, or NaN. What softmax and attention need,
 * whose arguments have had their maximum subtracted.
 *
 * x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 6 in r (minimax with 1 + r fixed, relative error 3.1e-9),
 * and n shifted into the exponent. Multiplying by 2^n, rather than adding to the exponent's bits, keeps every NaN a NaN.
 *
 * Below -87.683 the result, which would be under 2^-126.5, is exactly 0; -inf gives 0, NaN gives NaN. Measured on a
 * dense sweep of [-87.3, 88.3]: maximum relative error 1.0e-7 (tests/kernels/math.spec.ts repeats it for both
 * binaries).
 */
// @ts-ignore: decorator
@inline
export function expNonPositive(x: v128): v128 {
  return evaluate(
    x, constant(TABLE, 0), constant(TABLE, 1), constant(TABLE, 2), constant(TABLE, 3), constant(TABLE, 4),
    constant(TABLE, 5), constant(TABLE, 6), constant(TABLE, 7), constant(TABLE, 8), constant(TABLE, 9),
    constant(TABLE, 10),
  );
}

/**
 * exp(x), four lanes; see `expNonPositive` for how, and for its error. Domain: all floats. -inf gives 0, +inf gives
 * +inf, NaN gives NaN.
 */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  return expNonPositive(f32x4.pmin(x, constant(TABLE, 11)));
}

/**
 * Returns the sum of exp(x - shift) over n floats, in four partial sums, and leaves the terms at `outPtr`, which may
 * equal `xPtr`, where `keep` (a constant) says so. For x - shift that is at most 88.8, or NaN, which makes the sum NaN.
 */
// @ts-ignore: decorator
@inline
export function sumOfExponentials(outPtr: usize, xPtr: usize, n: i32, shift: v128, keep: bool): f32 {
  const smallest = constant(TABLE, 0), log2e = constant(TABLE, 1), rounding = constant(TABLE, 2);
  const ln2High = constant(TABLE, 3), ln2Low = constant(TABLE, 4);
  const p6 = constant(TABLE, 5), p5 = constant(TABLE, 6), p4 = constant(TABLE, 7), p3 = constant(TABLE, 8);
  const p2 = constant(TABLE, 9), one = constant(TABLE, 10);
  let sum = f32x4.splat(0);
  for (; n >= 4; n -= 4, outPtr += 16, xPtr += 16) {
    const x = f32x4.sub(v128.load(xPtr), shift);
    const e = evaluate(x, smallest, log2e, rounding, ln2High, ln2Low, p6, p5, p4, p3, p2, one);
    if (keep) v128.store(outPtr, e);
    sum = f32x4.add(sum, e);
  }
  if (n > 0) {
    const e = expNonPositive(f32x4.sub(loadTailOver(f32x4.splat(-Infinity), xPtr, n), shift));
    if (keep) storeTail(outPtr, e, n);
    sum = f32x4.add(sum, e);
  }
  return hsum(sum);
}
