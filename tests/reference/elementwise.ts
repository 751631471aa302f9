/** References of assembly/kernels/elementwise.ts, assembly/gradients/elementwise.ts and dropout.ts. */

export function exp(x: ArrayLike<number>): Float64Array {
  return Float64Array.from(x, Math.exp);
}

export function sigmoid(x: ArrayLike<number>): Float64Array {
  return Float64Array.from(x, (v) => 1 / (1 + Math.exp(-v)));
}

export function tanh(x: ArrayLike<number>): Float64Array {
  return Float64Array.from(x, Math.tanh);
}

export function add(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  return Float64Array.from(a, (v, i) => v + b[i]!);
}

export function multiply(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  return Float64Array.from(a, (v, i) => v * b[i]!);
}

export function multiplyAdd(
  before: ArrayLike<number>,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): Float64Array {
  return Float64Array.from(before, (v, i) => v + a[i]! * b[i]!);
}

export function scale(x: ArrayLike<number>, factor: number): Float64Array {
  return Float64Array.from(x, (v) => factor * v);
}

export function addScaled(before: ArrayLike<number>, x: ArrayLike<number>, factor: number): Float64Array {
  return Float64Array.from(before, (v, i) => v + factor * x[i]!);
}

export function fill(n: number, value: number): Float64Array {
  return new Float64Array(n).fill(value);
}

/** `out` with the first `columns` of each row replaced by (or, accumulating, increased by) those of x. */
export function copyColumns(
  out: ArrayLike<number>,
  x: ArrayLike<number>,
  rows: number,
  columns: number,
  outStride: number,
  xStride: number,
  accumulate: boolean,
): Float64Array {
  const result = Float64Array.from(out);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < columns; j++) {
      const value = x[r * xStride + j]!;
      result[r * outStride + j] = accumulate ? result[r * outStride + j]! + value : value;
    }
  }
  return result;
}

/** dx of y = tanh(x): dy (1 - y^2). */
export function tanhBackward(gradY: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  return Float64Array.from(gradY, (v, i) => v * (1 - y[i]! ** 2));
}

/** dx of y = sigmoid(x): dy y (1 - y). */
export function sigmoidBackward(gradY: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  return Float64Array.from(gradY, (v, i) => v * y[i]! * (1 - y[i]!));
}

/** x * scale where the splitmix32 hash of (seed, index), as a 31-bit integer, is below the threshold; else 0. */
export function dropout(x: ArrayLike<number>, seed: number, threshold: number, factor: number): Float64Array {
  return Float64Array.from(x, (v, i) => {
    let z = (seed + Math.imul(i, 0x9e3779b9)) >>> 0;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    const hash = (z ^ (z >>> 15)) >>> 0;
    return hash >>> 1 < threshold ? v * factor : 0;
  });
}
