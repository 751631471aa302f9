/** References of assembly/kernels/norm.ts and assembly/gradients/norm.ts. Absent weights are 1, absent biases 0. */

/** Mean and biased variance of row r. */
export function moments(
  x: ArrayLike<number>,
  r: number,
  columns: number,
): { mean: number; variance: number } {
  let mean = 0;
  for (let j = 0; j < columns; j++) mean += x[r * columns + j]! / columns;
  let variance = 0;
  for (let j = 0; j < columns; j++) variance += (x[r * columns + j]! - mean) ** 2 / columns;
  return { mean, variance };
}

/** y = (x - mean) / sqrt(variance + epsilon) * weight + bias */
export function layerNorm(
  x: ArrayLike<number>,
  weight: ArrayLike<number> | null,
  bias: ArrayLike<number> | null,
  rows: number,
  columns: number,
  epsilon: number,
): Float64Array {
  const y = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const { mean, variance } = moments(x, r, columns);
    for (let j = 0; j < columns; j++) {
      const normalised = (x[r * columns + j]! - mean) / Math.sqrt(variance + epsilon);
      y[r * columns + j] = normalised * (weight ? weight[j]! : 1) + (bias ? bias[j]! : 0);
    }
  }
  return y;
}

/** y = x / sqrt(mean(x^2) + epsilon) * weight */
export function rmsNorm(
  x: ArrayLike<number>,
  weight: ArrayLike<number> | null,
  rows: number,
  columns: number,
  epsilon: number,
): Float64Array {
  const y = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    let meanSquare = 0;
    for (let j = 0; j < columns; j++) meanSquare += x[r * columns + j]! ** 2 / columns;
    for (let j = 0; j < columns; j++) {
      y[r * columns + j] =
        (x[r * columns + j]! / Math.sqrt(meanSquare + epsilon)) * (weight ? weight[j]! : 1);
    }
  }
  return y;
}

interface NormGradients {
  readonly x: Float64Array;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/**
 * Gradients of `layerNorm` or, where `centred` is false, of `rmsNorm`: with h the normalised x, g = dy weight and s the
 * scale, dx = s (g - mean(g) - h mean(g h)) (without mean(g) for RMS), dweight = sum dy h, dbias = sum dy.
 */
export function normBackward(
  gradY: ArrayLike<number>,
  x: ArrayLike<number>,
  weight: ArrayLike<number> | null,
  rows: number,
  columns: number,
  epsilon: number,
  centred: boolean,
): NormGradients {
  const h = centred
    ? layerNorm(x, null, null, rows, columns, epsilon)
    : rmsNorm(x, null, rows, columns, epsilon);
  const gradients = {
    x: new Float64Array(rows * columns),
    weight: new Float64Array(columns),
    bias: new Float64Array(columns),
  };
  for (let r = 0; r < rows; r++) {
    const { mean, variance } = moments(x, r, columns);
    const scale = 1 / Math.sqrt(variance + (centred ? 0 : mean * mean) + epsilon);
    let meanG = 0;
    let meanProduct = 0;
    for (let j = 0; j < columns; j++) {
      const i = r * columns + j;
      const g = gradY[i]! * (weight ? weight[j]! : 1);
      if (centred) meanG += g / columns;
      meanProduct += (g * h[i]!) / columns;
      gradients.weight[j]! += gradY[i]! * h[i]!;
      gradients.bias[j]! += gradY[i]!;
    }
    for (let j = 0; j < columns; j++) {
      const i = r * columns + j;
      gradients.x[i] = scale * (gradY[i]! * (weight ? weight[j]! : 1) - meanG - h[i]! * meanProduct);
    }
  }
  return gradients;
}

/** The reciprocal of a row's Euclidean norm; 0 for zeros. */
function reciprocalNorm(x: ArrayLike<number>, row: number, columns: number): number {
  let squares = 0;
  for (let j = 0; j < columns; j++) squares += x[row * columns + j]! ** 2;
  return squares === 0 ? 0 : 1 / Math.sqrt(squares);
}

/** y = x / |x|; zeros stay zeros. */
export function l2Normalize(x: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const y = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const scale = reciprocalNorm(x, r, columns);
    for (let j = 0; j < columns; j++) y[r * columns + j] = x[r * columns + j]! * scale;
  }
  return y;
}

/** dx = (dy - y sum(dy y)) / |x|; 0 for zeros. */
export function l2NormalizeBackward(
  gradY: ArrayLike<number>,
  x: ArrayLike<number>,
  rows: number,
  columns: number,
): Float64Array {
  const y = l2Normalize(x, rows, columns);
  const gradX = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const scale = reciprocalNorm(x, r, columns);
    let product = 0;
    for (let i = r * columns; i < (r + 1) * columns; i++) product += gradY[i]! * y[i]!;
    for (let i = r * columns; i < (r + 1) * columns; i++) gradX[i] = scale * (gradY[i]! - y[i]! * product);
  }
  return gradX;
}
