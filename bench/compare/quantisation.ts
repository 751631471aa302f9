/** Symmetric int8 weights for peers that take them, and how far int8 results may lie from exact ones. */

/** Rows of weights as whole numbers in [-127, 127] times a scale for each row. */
export interface Quantised {
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

export function quantiseRows(weights: Float32Array, rows: number): Quantised {
  const size = weights.length / rows;
  const values = new Int8Array(weights.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const slice = weights.subarray(row * size, (row + 1) * size);
    const scale = largest(slice) / 127;
    scales[row] = scale;
    slice.forEach((weight, i) => {
      values[row * size + i] = Math.round(weight / scale);
    });
  }
  return { values, scales };
}

/** [rows, columns] to [columns, rows]. */
export function transposeBytes(values: Int8Array, rows: number): Int8Array {
  const columns = values.length / rows;
  return Int8Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}

/**
 * Six standard deviations of a dot product's error when both of its sides are rounded to int8. A value's rounding error
 * is uniform over its scale, whose variance is scale^2 / 12, and is multiplied by the other side's value.
 * @param squares of each side: the sum over the terms of a dot product
 * @param scales of each side: what one step of int8 is worth
 */
export function sixSigma(
  squares: readonly [x: number, weights: number],
  scales: readonly [x: number, weights: number],
): number {
  return 6 * Math.sqrt((squares[0] * scales[1] ** 2 + squares[1] * scales[0] ** 2) / 12);
}

export function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

export function sumOfSquares(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
