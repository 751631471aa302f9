import { exp } from '../math/exp';
import { loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/**
 * Backward of log-softmax and f32_cross_entropy together, towards the logits; gradLogits [rows, classes] is added to:
 *   dlogits_c += gradLoss (exp(logp_c) - (1 - smoothing) [c = target] - smoothing / classes)
 * gradLoss [rows].
 */
export function f32_cross_entropy_backward(
  gradLogitsPtr: usize, gradLossPtr: usize, logProbabilitiesPtr: usize, targetsPtr: usize,
  rows: i32, classes: i32, ignored: i32, smoothing: f32,
): void {
  const bytes = (<usize>classes) << 2;
  const share = f32x4.splat(smoothing / <f32>classes);
  for (let r = 0; r < rows; ++r, gradLossPtr += 4, targetsPtr += 4, gradLogitsPtr += bytes, logProbabilitiesPtr += bytes) {
    const target = load<i32>(targetsPtr);
    if (target == ignored) continue;
    const gradLoss = load<f32>(gradLossPtr);
    const scale = f32x4.splat(gradLoss);
    for (let c = 0; c < classes; c += 4) {
      const offset = (<usize>c) << 2;
      const left = classes - c;
      const excess = f32x4.sub(exp(loadUpTo4(logProbabilitiesPtr + offset, left)), share);
      storeUpTo4(gradLogitsPtr + offset, madd(scale, excess, loadUpTo4(gradLogitsPtr + offset, left)), left);
    }
    const targetPtr = gradLogitsPtr + ((<usize>target) << 2);
    store<f32>(targetPtr, load<f32>(targetPtr) - gradLoss * (1 - smoothing));
  }
}
