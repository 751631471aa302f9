import { loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/**
 * One step of Adam (Kingma & Ba 2015), or AdamW (Loshchilov & Hutter 2019) where `decoupled` is not 0, with PyTorch's
 * arithmetic. All [n]; parameter, firstMoment m and secondMoment v are updated.
 *
 *   g' = scale g (+ weightDecay p, unless decoupled, where p *= 1 - learningRate weightDecay first)
 *   m = beta1 m + (1 - beta1) g'     v = beta2 v + (1 - beta2) g'^2
 *   p -= learningRate / correction1 * m / (sqrt(v) / sqrt(correction2) + epsilon),   correction_i = 1 - beta_i^step
 *
 * The betas come in double precision: 1 - beta2 of a beta2 rounded to single is 1.3e-5 off for 0.999.
 */
export function f32_adam(
  parameterPtr: usize, firstMomentPtr: usize, secondMomentPtr: usize, gradientPtr: usize, n: i32,
  gradientScale: f32, learningRate: f32, beta1: f64, beta2: f64, epsilon: f32, weightDecay: f32, decoupled: i32,
  correction1: f32, correction2: f32,
): void {
  const scale = f32x4.splat(gradientScale), b1 = f32x4.splat(<f32>beta1), b2 = f32x4.splat(<f32>beta2);
  const rest1 = f32x4.splat(<f32>(1 - beta1)), rest2 = f32x4.splat(<f32>(1 - beta2));
  const decay = f32x4.splat(decoupled ? 0 : weightDecay), shrink = f32x4.splat(decoupled ? 1 - learningRate * weightDecay : 1);
  const step = f32x4.splat(-learningRate / correction1), root = f32x4.splat(1 / sqrt<f32>(correction2)), small = f32x4.splat(epsilon);
  for (; n > 0; n -= 4, parameterPtr += 16, firstMomentPtr += 16, secondMomentPtr += 16, gradientPtr += 16) {
    let p = f32x4.mul(loadUpTo4(parameterPtr, n), shrink);
    const g = madd(decay, p, f32x4.mul(loadUpTo4(gradientPtr, n), scale));
    const m = madd(b1, loadUpTo4(firstMomentPtr, n), f32x4.mul(rest1, g));
    const v = madd(b2, loadUpTo4(secondMomentPtr, n), f32x4.mul(rest2, f32x4.mul(g, g)));
    p = madd(step, f32x4.div(m, madd(f32x4.sqrt(v), root, small)), p);
    storeUpTo4(parameterPtr, p, n); storeUpTo4(firstMomentPtr, m, n); storeUpTo4(secondMomentPtr, v, n);
  }
}
