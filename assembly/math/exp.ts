import { madd } from '../simd/vec';

/** Below it, results are flushed to zero (they would be subnormal). */
const SMALLEST: f32 = -87.33654;
/** From here on the result is infinity (from 127.5 ln 2 = 88.37627 in fact, where exp is 2.4e38). */
const LARGEST: f32 = 88.8;
/** 1.5 * 2^23 + 127: adding it rounds to an integer and leaves that integer, biased, in the low bits. */
const ROUNDING: f32 = 12583039.0;

/**
 * exp(x), four lanes: x = n ln 2 + r with |r| <= ln 2 / 2, a degree-6 polynomial in r (Cephes `expf`), and n
 * shifted into the exponent. Multiplying by 2^n, rather than adding to the exponent's bits, keeps every NaN a NaN.
 *
 * Domain: all floats. -inf gives 0, +inf gives +inf, NaN gives NaN. Measured on a dense sweep of [-87.3, 88.3]:
 * maximum relative error 1.2e-7 (tests/kernels/math.spec.ts repeats it for both binaries).
 */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const underflow = f32x4.lt(x, f32x4.splat(SMALLEST));
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(SMALLEST)), f32x4.splat(LARGEST));
  const shifted = madd(x, f32x4.splat(1.44269504), f32x4.splat(ROUNDING));
  const n = f32x4.sub(shifted, f32x4.splat(ROUNDING));
  let r = madd(n, f32x4.splat(-0.693359375), x);
  r = madd(n, f32x4.splat(2.12194440e-4), r);
  let p = f32x4.splat(1.9875691500e-4);
  p = madd(p, r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  p = madd(p, f32x4.mul(r, r), f32x4.add(r, f32x4.splat(1)));
  return v128.andnot(f32x4.mul(p, i32x4.shl(shifted, 23)), underflow);
}
