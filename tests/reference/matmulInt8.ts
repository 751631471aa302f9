/** References of assembly/kernels/matmulInt8.ts: what exact activations would give, and how coarse theirs are. */

/** Rows of 8-bit integers [rows, columns] times their scales. */
export function dequantise(
  integers: ArrayLike<number>,
  scales: ArrayLike<number>,
  rows: number,
  columns: number,
): Float64Array {
  return Float64Array.from(
    { length: rows * columns },
    (_, i) => integers[i]! * scales[Math.floor(i / columns)]!,
  );
}

/** C [M, N] = A [M, K] · W [N, K]^T + start, where start is `bias` [N] (or zero), or what C held. */
export function matmulTransposed(
  a: ArrayLike<number>,
  weight: ArrayLike<number>,
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
      for (let k = 0; k < K; k++) sum += a[i * K + k]! * weight[j * K + k]!;
      c[i * N + j] = sum;
    }
  }
  return c;
}

/** The step of a row in 7 bits: its range, with 0, in 127 steps. */
export function stepOf7Bits(row: ArrayLike<number>): number {
  const values = Array.from(row);
  return (Math.max(0, ...values) - Math.min(0, ...values)) / 127;
}

/** The step of a row in up to 16 bits: as many as leave the sums of K products with a byte below 2^31. */
export function stepOf16Bits(row: ArrayLike<number>): number {
  const padded = 4 * Math.ceil(row.length / 4);
  const limit = Math.min(32767, Math.floor((2 ** 31 - 1) / Math.max(1, 128 * padded)));
  return Math.max(0, ...Array.from(row, Math.abs)) / limit;
}
