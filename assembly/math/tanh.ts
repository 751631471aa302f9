import { constant, madd } from '../simd/vec';

/** Where tanh rounds to one. */
const SATURATION: f32 = 7.90531110763549805;

const TABLE: usize = memory.data<f32>([
  SATURATION, -SATURATION,
  -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8, 1.48572235717979e-5,
  6.37261928875436e-4, 4.89352455891786e-3,
  1.19825839466702e-6, 1.18534705686654e-4, 2.26843463243900e-3, 4.89352518554385e-3,
]);

/**
 * tanh(x), four lanes: the odd rational function of degrees 13 / 6 that Eigen uses (`ptanh_float`), which keeps its
 * relative accuracy near zero, unlike 2 sigmoid(2x) - 1. Domain: all floats; NaN gives NaN. Measured on [-10, 10]:
 * maximum relative error 4.5e-7 (tests/kernels/math.spec.ts).
 */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, constant(TABLE, 1)), constant(TABLE, 0));
  const square = f32x4.mul(x, x);
  let p = constant(TABLE, 2);
  p = madd(p, square, constant(TABLE, 3));
  p = madd(p, square, constant(TABLE, 4));
  p = madd(p, square, constant(TABLE, 5));
  p = madd(p, square, constant(TABLE, 6));
  p = madd(p, square, constant(TABLE, 7));
  p = madd(p, square, constant(TABLE, 8));
  let q = constant(TABLE, 9);
  q = madd(q, square, constant(TABLE, 10));
  q = madd(q, square, constant(TABLE, 11));
  q = madd(q, square, constant(TABLE, 12));
  return f32x4.div(f32x4.mul(x, p), q);
}
