import { madd } from '../simd/vec';

/** Where tanh rounds to one. */
const SATURATION: f32 = 7.90531110763549805;

/**
 * tanh(x), four lanes: the odd rational function of degrees 13 / 6 that Eigen uses (`ptanh_float`), which keeps its
 * relative accuracy near zero, unlike 2 sigmoid(2x) - 1. Domain: all floats; NaN gives NaN. Measured on [-10, 10]:
 * maximum relative error 4.5e-7 (tests/kernels/math.spec.ts).
 */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-SATURATION)), f32x4.splat(SATURATION));
  const square = f32x4.mul(x, x);
  let p = f32x4.splat(-2.76076847742355e-16);
  p = madd(p, square, f32x4.splat(2.00018790482477e-13));
  p = madd(p, square, f32x4.splat(-8.60467152213735e-11));
  p = madd(p, square, f32x4.splat(5.12229709037114e-8));
  p = madd(p, square, f32x4.splat(1.48572235717979e-5));
  p = madd(p, square, f32x4.splat(6.37261928875436e-4));
  p = madd(p, square, f32x4.splat(4.89352455891786e-3));
  let q = f32x4.splat(1.19825839466702e-6);
  q = madd(q, square, f32x4.splat(1.18534705686654e-4));
  q = madd(q, square, f32x4.splat(2.26843463243900e-3));
  q = madd(q, square, f32x4.splat(4.89352518554385e-3));
  return f32x4.div(f32x4.mul(x, p), q);
}
