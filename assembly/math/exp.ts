import { constant, madd } from '../simd/vec';

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

/**
 * exp(x) without the upper clamp, four lanes: for x that is at most 88.8, or NaN.
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
  x = f32x4.pmax(x, constant(TABLE, 0));
  const rounding = constant(TABLE, 2), one = constant(TABLE, 10);
  const shifted = madd(x, constant(TABLE, 1), rounding);
  const n = f32x4.sub(shifted, rounding);
  const r = madd(n, constant(TABLE, 4), madd(n, constant(TABLE, 3), x));
  let p = madd(constant(TABLE, 5), r, constant(TABLE, 6));
  p = madd(p, r, constant(TABLE, 7));
  p = madd(p, r, constant(TABLE, 8));
  p = madd(p, r, constant(TABLE, 9));
  p = madd(p, r, one);
  p = madd(p, r, one);
  return f32x4.mul(p, i32x4.shl(shifted, 23));
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
