/** References of assembly/kernels/softmax.ts and assembly/gradients/softmax.ts. */

/** What a row sees of its columns: x + mask before the length, -inf from it on. */
export function maskedRow(
  x: ArrayLike<number>,
  mask: ArrayLike<number> | null,
  lengths: ArrayLike<number> | null,
  row: number,
  columns: number,
  maskRows: number,
  rowsPerLength: number,
): Float64Array {
  const length = lengths ? lengths[Math.floor(row / rowsPerLength)]! : columns;
  return Float64Array.from({ length: columns }, (_, j) => {
    if (j >= length) return -Infinity;
    return x[row * columns + j]! + (mask ? mask[(row % maskRows) * columns + j]! : 0);
  });
}

/** exp(x_j - max) / sum_k exp(x_k - max); zeros where nothing is finite or NaN. */
export function softmaxRow(x: Float64Array): Float64Array {
  const largest = x.reduce((a, b) => Math.max(a, b), -Infinity);
  if (largest === -Infinity) return new Float64Array(x.length);
  const e = x.map((v) => Math.exp(v - largest));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / total);
}

/** (x_j - max) - ln sum_k exp(x_k - max); -inf where nothing is finite or NaN. */
export function logSoftmaxRow(x: Float64Array): Float64Array {
  const largest = x.reduce((a, b) => Math.max(a, b), -Infinity);
  if (largest === -Infinity) return new Float64Array(x.length).fill(-Infinity);
  const total = x.reduce((a, b) => a + Math.exp(b - largest), 0);
  return x.map((v) => v - largest - Math.log(total));
}

/** Softmax of each row of x [rows, columns]. Columns past a row's length weigh 0. */
export function softmax(
  x: ArrayLike<number>,
  mask: ArrayLike<number> | null,
  lengths: ArrayLike<number> | null,
  rows: number,
  columns: number,
  maskRows = 1,
  rowsPerLength = 1,
): Float64Array {
  const y = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const seen = maskedRow(x, mask, lengths, r, columns, maskRows, rowsPerLength);
    const length = lengths ? lengths[Math.floor(r / rowsPerLength)]! : columns;
    y.set(softmaxRow(seen.subarray(0, length)), r * columns);
  }
  return y;
}

/** Log-softmax of each row of x [rows, columns]. Columns past a row's length are -inf. */
export function logSoftmax(
  x: ArrayLike<number>,
  mask: ArrayLike<number> | null,
  lengths: ArrayLike<number> | null,
  rows: number,
  columns: number,
  maskRows = 1,
  rowsPerLength = 1,
): Float64Array {
  const y = new Float64Array(rows * columns).fill(-Infinity);
  for (let r = 0; r < rows; r++) {
    const seen = maskedRow(x, mask, lengths, r, columns, maskRows, rowsPerLength);
    const length = lengths ? lengths[Math.floor(r / rowsPerLength)]! : columns;
    y.set(logSoftmaxRow(seen.subarray(0, length)), r * columns);
  }
  return y;
}

/** dx_j = y_j (dy_j - sum_k dy_k y_k) */
export function softmaxBackward(
  gradY: ArrayLike<number>,
  y: ArrayLike<number>,
  rows: number,
  columns: number,
): Float64Array {
  const gradX = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    let dot = 0;
    for (let j = r * columns; j < (r + 1) * columns; j++) dot += gradY[j]! * y[j]!;
    for (let j = r * columns; j < (r + 1) * columns; j++) gradX[j] = y[j]! * (gradY[j]! - dot);
  }
  return gradX;
}

/** dx_j = dy_j - exp(y_j) sum_k dy_k */
export function logSoftmaxBackward(
  gradY: ArrayLike<number>,
  y: ArrayLike<number>,
  rows: number,
  columns: number,
): Float64Array {
  const gradX = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    let total = 0;
    for (let j = r * columns; j < (r + 1) * columns; j++) total += gradY[j]!;
    for (let j = r * columns; j < (r + 1) * columns; j++) gradX[j] = gradY[j]! - Math.exp(y[j]!) * total;
  }
  return gradX;
}
