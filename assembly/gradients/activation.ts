/** Backward of kernels/activation.ts, from x (relu: from y); gradX is added to. Sizes: n contiguous floats each. */
import { exp } from '../math/exp';
import { negatedTanhArgument, normalDistribution } from '../math/gelu';
import { sigmoid } from '../math/sigmoid';
import { loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/** Past it every slope here is 0 or 1 to the last bit, and no product overflows. */
const FAR: f32 = 100;
/** The same for the argument of the tanh form, whose cube counts. */
const TANH_FAR: f32 = 10;

/** x, but no further from zero than `limit`; NaN stays NaN. */
// @ts-ignore: decorator
@inline
function clamp(x: v128, limit: f32): v128 {
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(-limit)), f32x4.splat(limit));
}

/** dx += dy where y > 0 */
export function f32_relu_backward(gradXPtr: usize, gradYPtr: usize, yPtr: usize, n: i32): void {
  const zero = f32x4.splat(0);
  for (; n > 0; n -= 4, gradXPtr += 16, gradYPtr += 16, yPtr += 16) {
    const passed = v128.and(loadUpTo4(gradYPtr, n), f32x4.gt(loadUpTo4(yPtr, n), zero));
    storeUpTo4(gradXPtr, f32x4.add(loadUpTo4(gradXPtr, n), passed), n);
  }
}

/** dx += dy (Phi(x) + x phi(x)), phi(x) = exp(-x^2 / 2) / sqrt(2 pi) */
export function f32_gelu_backward(gradXPtr: usize, gradYPtr: usize, xPtr: usize, n: i32): void {
  for (; n > 0; n -= 4, gradXPtr += 16, gradYPtr += 16, xPtr += 16) {
    const x = clamp(loadUpTo4(xPtr, n), FAR);
    const density = f32x4.mul(f32x4.splat(0.3989422804014327), exp(f32x4.mul(f32x4.splat(-0.5), f32x4.mul(x, x))));
    const slope = madd(x, density, normalDistribution(x));
    storeUpTo4(gradXPtr, madd(loadUpTo4(gradYPtr, n), slope, loadUpTo4(gradXPtr, n)), n);
  }
}

/** dx += dy s (1 + x (1 - s) b'), s = sigmoid(b), b = 2 sqrt(2 / pi) (x + 0.044715 x^3) */
export function f32_gelu_tanh_backward(gradXPtr: usize, gradYPtr: usize, xPtr: usize, n: i32): void {
  const one = f32x4.splat(1);
  for (; n > 0; n -= 4, gradXPtr += 16, gradYPtr += 16, xPtr += 16) {
    const x = clamp(loadUpTo4(xPtr, n), TANH_FAR);
    const s = sigmoid(f32x4.neg(negatedTanhArgument(x)));
    const inner = madd(f32x4.mul(x, x), f32x4.splat(0.21406443848494884), f32x4.splat(1.5957691216057308));
    const slope = f32x4.mul(s, madd(f32x4.mul(x, f32x4.sub(one, s)), inner, one));
    storeUpTo4(gradXPtr, madd(loadUpTo4(gradYPtr, n), slope, loadUpTo4(gradXPtr, n)), n);
  }
}

/** dx += dy s (1 + x (1 - s)), s = sigmoid(x) */
export function f32_silu_backward(gradXPtr: usize, gradYPtr: usize, xPtr: usize, n: i32): void {
  const one = f32x4.splat(1);
  for (; n > 0; n -= 4, gradXPtr += 16, gradYPtr += 16, xPtr += 16) {
    const x = clamp(loadUpTo4(xPtr, n), FAR);
    const s = sigmoid(x);
    const slope = f32x4.mul(s, madd(x, f32x4.sub(one, s), one));
    storeUpTo4(gradXPtr, madd(loadUpTo4(gradYPtr, n), slope, loadUpTo4(gradXPtr, n)), n);
  }
}
