/** References of assembly/kernels/activation.ts and assembly/gradients/activation.ts. */

const SQRT_2_PI = Math.sqrt(2 * Math.PI);
const TANH_SCALE = Math.sqrt(2 / Math.PI);

/** Density of the standard normal distribution. */
function density(x: number): number {
  return Math.exp((-x * x) / 2) / SQRT_2_PI;
}

/** P(X <= x) of a standard normal X: Taylor series of the integral near zero, Laplace's continued fraction far from it. */
export function normalDistribution(x: number): number {
  const t = Math.abs(x);
  let tail: number;
  if (t < 3) {
    let term = t;
    let sum = t;
    for (let k = 1; k < 80; k++) {
      term *= (t * t) / (2 * k + 1);
      sum += term;
    }
    tail = 0.5 - sum * density(t);
  } else {
    let fraction = 0;
    for (let k = 120; k > 0; k--) fraction = k / (t + fraction);
    tail = density(t) / (t + fraction);
  }
  return x < 0 ? tail : 1 - tail;
}

/** A function of one number that tends to 0 at -Infinity. */
function each(x: ArrayLike<number>, f: (v: number) => number): Float64Array {
  return Float64Array.from(x, (v) => (v === -Infinity ? 0 : f(v)));
}

export function relu(x: ArrayLike<number>): Float64Array {
  return each(x, (v) => Math.max(v, 0));
}

/** x Phi(x) */
export function gelu(x: ArrayLike<number>): Float64Array {
  return each(x, (v) => v * normalDistribution(v));
}

function tanhArgument(x: number): number {
  return TANH_SCALE * (x + 0.044715 * x ** 3);
}

/** x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), written so that it keeps its digits below zero. */
export function geluTanh(x: ArrayLike<number>): Float64Array {
  return each(x, (v) => v / (1 + Math.exp(-2 * tanhArgument(v))));
}

export function silu(x: ArrayLike<number>): Float64Array {
  return each(x, (v) => v / (1 + Math.exp(-v)));
}

/** dx of y = relu(x): dy where y > 0. */
export function reluBackward(gradY: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  return Float64Array.from(gradY, (v, i) => (y[i]! > 0 ? v : 0));
}

/** dx of y = gelu(x): dy (Phi(x) + x phi(x)). */
export function geluBackward(gradY: ArrayLike<number>, x: ArrayLike<number>): Float64Array {
  return Float64Array.from(gradY, (v, i) => v * (normalDistribution(x[i]!) + x[i]! * density(x[i]!)));
}

/** dx of y = geluTanh(x): dy ((1 + tanh a) / 2 + x (1 - tanh^2 a) a' / 2). */
export function geluTanhBackward(gradY: ArrayLike<number>, x: ArrayLike<number>): Float64Array {
  return Float64Array.from(gradY, (v, i) => {
    const t = Math.tanh(tanhArgument(x[i]!));
    return v * (0.5 * (1 + t) + 0.5 * x[i]! * (1 - t * t) * TANH_SCALE * (1 + 3 * 0.044715 * x[i]! ** 2));
  });
}

/** dx of y = silu(x): dy s (1 + x (1 - s)), s = sigmoid(x). */
export function siluBackward(gradY: ArrayLike<number>, x: ArrayLike<number>): Float64Array {
  return Float64Array.from(gradY, (v, i) => {
    const s = 1 / (1 + Math.exp(-x[i]!));
    return v * s * (1 + x[i]! * (1 - s));
  });
}
