/** References of assembly/kernels/gaussianWindow.ts and assembly/gradients/gaussianWindow.ts. */

/** weights_j exp(-(j - position)^2 / (2 sigma^2)) per row, sigma = halfWidth / 2. */
export function gaussianWindow(
  weights: ArrayLike<number>,
  positions: ArrayLike<number>,
  columns: number,
  halfWidth: number,
): Float64Array {
  const sigma = halfWidth / 2;
  return Float64Array.from(weights, (weight, i) => {
    const distance = (i % columns) - positions[Math.floor(i / columns)]!;
    return weight * Math.exp(-(distance ** 2) / (2 * sigma ** 2));
  });
}

/** dweights_j = dout_j g_j; dposition = sum_j dout_j weights_j g_j (j - position) / sigma^2. */
export function gaussianWindowBackward(
  gradOut: ArrayLike<number>,
  weights: ArrayLike<number>,
  positions: ArrayLike<number>,
  columns: number,
  halfWidth: number,
) {
  const sigma = halfWidth / 2;
  const gradPositions = new Float64Array(positions.length);
  const gradWeights = gaussianWindow(gradOut, positions, columns, halfWidth);
  gradWeights.forEach((gradient, i) => {
    const row = Math.floor(i / columns);
    const distance = (i % columns) - positions[row]!;
    gradPositions[row] = gradPositions[row]! + (gradient * weights[i]! * distance) / sigma ** 2;
  });
  return { gradWeights, gradPositions };
}
