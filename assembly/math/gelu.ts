/** GELU (Hendrycks and Gimpel, "Gaussian error linear units", 2016), exact and by its tanh approximation. */
import { constant, madd } from '../simd/vec';
import { expNonPositive } from './exp';

/** Where the approximation of Phi reaches 1, and minus it where it reaches 0. */
const SATURATION: f32 = 5.51;
/** Here exp(-2a) is infinity, at an argument that `expNonPositive` still takes. */
const TANH_SATURATION: f32 = -10.053;

const NORMAL: usize = memory.data<f32>([
  SATURATION, -SATURATION,
  2.268718546361015e-8, 6.35200785836787e-6, 1.693075755611062e-4, 4.680116660892963e-3, 3.390335291624069e-2,
  0.398942232131958,
  1.1956858543271665e-6, 7.378443842753768e-5, 1.8871764186769724e-3, 2.867424488067627e-2, 0.25164899230003357, 1,
  0.5,
]);

/** -2 sqrt(2 / pi) and that times 0.044715. */
const TANH: usize = memory.data<f32>([TANH_SATURATION, -1.5957691216057308, -0.07135481282831628, 1]);

/**
 * Phi(x), the standard normal distribution function, four lanes: 1/2 + x P(x^2) / Q(x^2), degrees 5 / 5, minimax, all
 * coefficients positive. Domain: all floats; NaN gives NaN. Exactly 0 up to -5.51, exactly 1 from 5.51 on. Measured on
 * [-8, 8]: maximum absolute error 2.9e-7 (tests/kernels/activation.spec.ts, by way of gelu).
 */
// @ts-ignore: decorator
@inline
export function normalDistribution(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, constant(NORMAL, 1)), constant(NORMAL, 0));
  const square = f32x4.mul(x, x);
  let p = constant(NORMAL, 2);
  p = madd(p, square, constant(NORMAL, 3));
  p = madd(p, square, constant(NORMAL, 4));
  p = madd(p, square, constant(NORMAL, 5));
  p = madd(p, square, constant(NORMAL, 6));
  p = madd(p, square, constant(NORMAL, 7));
  let q = constant(NORMAL, 8);
  q = madd(q, square, constant(NORMAL, 9));
  q = madd(q, square, constant(NORMAL, 10));
  q = madd(q, square, constant(NORMAL, 11));
  q = madd(q, square, constant(NORMAL, 12));
  q = madd(q, square, constant(NORMAL, 13));
  return f32x4.add(f32x4.div(f32x4.mul(x, p), q), constant(NORMAL, 14));
}

/**
 * x Phi(x), four lanes: the exact GELU (with erf: PyTorch's default, and BERT's). Domain: all floats; -inf gives 0, NaN
 * gives NaN. Exactly x from 5.51 on, exactly 0 up to -5.51. Measured on [-10, 10]: maximum error 2.9e-7 |x|
 * (tests/kernels/activation.spec.ts). At 1.2 times the cost of `tanh`.
 */
// @ts-ignore: decorator
@inline
export function gelu(x: v128): v128 {
  return f32x4.mul(f32x4.pmax(x, constant(NORMAL, 1)), normalDistribution(x));
}

/** -2 sqrt(2 / pi) (x + 0.044715 x^3), four lanes, for x from -10.053 up: minus the argument of GELU's sigmoid. */
// @ts-ignore: decorator
@inline
export function negatedTanhArgument(x: v128): v128 {
  return f32x4.mul(x, madd(f32x4.mul(x, x), constant(TANH, 2), constant(TANH, 1)));
}

/**
 * x / 2 (1 + tanh a) with a = sqrt(2 / pi) (x + 0.044715 x^3), four lanes: GPT-2's GELU (`gelu_new`, PyTorch's
 * `approximate='tanh'`). Computed as x / (1 + exp(-2a)), which keeps the digits that 1 + tanh a loses. Domain: all floats;
 * -inf gives 0, NaN gives NaN. Measured on [-10, 10]: maximum error 1.3e-7 |x| (tests/kernels/activation.spec.ts).
 */
// @ts-ignore: decorator
@inline
export function geluTanh(x: v128): v128 {
  x = f32x4.pmax(x, constant(TANH, 0));
  return f32x4.div(x, f32x4.add(constant(TANH, 3), expNonPositive(negatedTanhArgument(x))));
}
