/** Reference of assembly/gradients/adam.ts. */

export type AdamOptions = {
  gradientScale: number;
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  decoupled: boolean;
  /** 1 - beta1^step and 1 - beta2^step. */
  correction1: number;
  correction2: number;
};

/** One step of Adam, or AdamW where `decoupled`, in PyTorch's arithmetic. */
export function adam(
  parameter: ArrayLike<number>,
  firstMoment: ArrayLike<number>,
  secondMoment: ArrayLike<number>,
  gradient: ArrayLike<number>,
  options: AdamOptions,
): { parameter: Float64Array; firstMoment: Float64Array; secondMoment: Float64Array } {
  const { gradientScale, learningRate, beta1, beta2, epsilon, weightDecay, decoupled } = options;
  const p = Float64Array.from(parameter);
  const m = Float64Array.from(firstMoment);
  const v = Float64Array.from(secondMoment);
  for (let i = 0; i < p.length; i++) {
    let g = gradientScale * gradient[i]!;
    if (decoupled) p[i] = p[i]! * (1 - learningRate * weightDecay);
    else g += weightDecay * p[i]!;
    m[i] = beta1 * m[i]! + (1 - beta1) * g;
    v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
    const denominator = Math.sqrt(v[i]!) / Math.sqrt(options.correction2) + epsilon;
    p[i] = p[i]! - ((learningRate / options.correction1) * m[i]!) / denominator;
  }
  return { parameter: p, firstMoment: m, secondMoment: v };
}
