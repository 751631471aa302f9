/** References of assembly/kernels/matmul.ts and assembly/gradients/transpose.ts. Row-major, double precision. */

/** C [M, N] = A [M, K] · B [K, N] + start, where start is `bias` [N] (or zero), or what C held. Dense rows. */
export function matmul(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  before: ArrayLike<number> | null,
  M: number,
  N: number,
  K: number,
): Float64Array {
  const c = new Float64Array(M * N);
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = before ? before[i * N + j]! : bias ? bias[j]! : 0;
      for (let k = 0; k < K; k++) sum += a[i * K + k]! * b[k * N + j]!;
      c[i * N + j] = sum;
    }
  }
  return c;
}

/** B [K, N] in panels of eight columns, zeros past N: panel p holds B[k][8p .. 8p + 7] for k = 0 .. K - 1. */
export function pack(b: ArrayLike<number>, K: number, N: number): Float64Array {
  const panels = Math.ceil(N / 8);
  const packed = new Float64Array(panels * K * 8);
  for (let k = 0; k < K; k++) {
    for (let j = 0; j < N; j++) packed[(Math.floor(j / 8) * K + k) * 8 + (j % 8)] = b[k * N + j]!;
  }
  return packed;
}

/** X [rows, columns] transposed to [columns, rows]. */
export function transpose(x: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const transposed = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) transposed[j * rows + i] = x[i * columns + j]!;
  }
  return transposed;
}
