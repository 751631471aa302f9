import { madd } from '../simd/vec';

/** Where n is -127 and 2^n, whose exponent bits are then all zero, is 0: from -126.5 ln 2 = -87.68310 down. */
const SMALLEST: f32 = -88;
/** Where n is 128 and 2^n, whose exponent bits are then all ones, is infinity: from 127.5 ln 2 = 88.37627 up. */
const LARGEST: f32 = 88.8;
/** 1.5 * 2^23 + 127: adding it rounds to an integer and leaves that integer, biased, in the low bits. */
const ROUNDING: f32 = 12583039.0;

/**
 * exp(x) without the upper clamp, four lanes: for x that is at most 88.8, or NaN. What softmax and attention need,
 * whose arguments have had their maximum subtracted.
 *
 * x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 6 in r (minimax, relative error 3.1e-9, with 1 + r fixed), and
 * n shifted into the exponent. Multiplying by 2^n, rather than adding to the exponent's bits, keeps every NaN a NaN.
 *
 * Below -87.683 the result, which would be under 2^-126.5, is exactly 0; -inf gives 0, NaN gives NaN. Measured on a
 * dense sweep of [-87.3, 0]: maximum relative error 1.0e-7 (tests/kernels/math.spec.ts repeats it for both binaries).
 */
// @ts-ignore: decorator
@inline
export function expNonPositive(x: v128): v128 {
  x = f32x4.pmax(x, f32x4.splat(SMALLEST));
  const shifted = madd(x, f32x4.splat(1.44269504), f32x4.splat(ROUNDING));
  const n = f32x4.sub(shifted, f32x4.splat(ROUNDING));
  let r = madd(n, f32x4.splat(-0.693359375), x);
  r = madd(n, f32x4.splat(2.12194440e-4), r);
  let p = f32x4.splat(1.3814467238262296e-3);
  p = madd(p, r, f32x4.splat(8.368780836462975e-3));
  p = madd(p, r, f32x4.splat(4.166839271783829e-2));
  p = madd(p, r, f32x4.splat(1.666651964187622e-1));
  p = madd(p, r, f32x4.splat(4.999999403953552e-1));
  p = madd(p, r, f32x4.splat(1));
  p = madd(p, r, f32x4.splat(1));
  return f32x4.mul(p, i32x4.shl(shifted, 23));
}

/**
 * exp(x), four lanes; see `expNonPositive` for how. Domain: all floats. -inf gives 0, +inf gives +inf, NaN gives NaN.
 * Measured on a dense sweep of [-87.3, 88.3]: maximum relative error 1.0e-7 (tests/kernels/math.spec.ts).
 */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  return expNonPositive(f32x4.pmin(x, f32x4.splat(LARGEST)));
}
