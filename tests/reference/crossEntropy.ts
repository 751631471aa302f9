/** References of assembly/kernels/crossEntropy.ts and assembly/gradients/crossEntropy.ts. */

/** -(1 - smoothing) logp[target] - smoothing / classes * sum_c logp[c] per row; 0 where the target is `ignored`. */
export function crossEntropy(
  logProbabilities: ArrayLike<number>,
  targets: ArrayLike<number>,
  classes: number,
  ignored: number,
  smoothing: number,
): Float64Array {
  return Float64Array.from(targets, (target, r) => {
    if (target === ignored) return 0;
    let total = 0;
    for (let c = 0; c < classes; c++) total += logProbabilities[r * classes + c]!;
    const uniform = smoothing > 0 ? (smoothing / classes) * total : 0;
    return -(1 - smoothing) * logProbabilities[r * classes + target]! - uniform;
  });
}

/** dlogits_c = dloss (exp(logp_c) - (1 - smoothing) [c = target] - smoothing / classes); 0 in an ignored row. */
export function crossEntropyBackward(
  gradLoss: ArrayLike<number>,
  logProbabilities: ArrayLike<number>,
  targets: ArrayLike<number>,
  classes: number,
  ignored: number,
  smoothing: number,
): Float64Array {
  const gradLogits = new Float64Array(targets.length * classes);
  for (let r = 0; r < targets.length; r++) {
    if (targets[r] === ignored) continue;
    for (let c = 0; c < classes; c++) {
      const wanted = (c === targets[r] ? 1 - smoothing : 0) + smoothing / classes;
      gradLogits[r * classes + c] = gradLoss[r]! * (Math.exp(logProbabilities[r * classes + c]!) - wanted);
    }
  }
  return gradLogits;
}
