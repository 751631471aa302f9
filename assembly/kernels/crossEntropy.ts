import { f32_sum } from './reduce';

/**
 * Cross-entropy with label smoothing, per row, from log-probabilities (PyTorch's convention):
 *   loss = -(1 - smoothing) logp[target] - smoothing / classes * sum_c logp[c]
 * A row whose target is `ignored` costs 0. logProbabilities [rows, classes], targets i32 [rows] (checked), loss [rows].
 */
export function f32_cross_entropy(
  lossPtr: usize, logProbabilitiesPtr: usize, targetsPtr: usize, rows: i32, classes: i32, ignored: i32, smoothing: f32,
): void {
  const bytes = (<usize>classes) << 2;
  for (let r = 0; r < rows; ++r, lossPtr += 4, targetsPtr += 4, logProbabilitiesPtr += bytes) {
    const target = load<i32>(targetsPtr);
    let loss: f32 = 0;
    if (target != ignored) {
      loss = -(1 - smoothing) * load<f32>(logProbabilitiesPtr + ((<usize>target) << 2));
      if (smoothing > 0) loss -= (smoothing / <f32>classes) * f32_sum(logProbabilitiesPtr, classes);
    }
    store<f32>(lossPtr, loss);
  }
}
