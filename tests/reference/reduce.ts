/** References of assembly/kernels/reduce.ts. */

export function sum(x: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += x[i]!;
  return total;
}

export function sumSquares(x: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += x[i]! ** 2;
  return total;
}

/** The sum over the rows of x [rows, columns]. */
export function sumRows(x: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const out = new Float64Array(columns);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < columns; j++) out[j] = out[j]! + x[r * columns + j]!;
  }
  return out;
}

/** The first index of the largest that is not NaN, per row; 0 where all are NaN. */
export function argmax(x: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const out = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    const row = Array.from({ length: columns }, (_, j) => x[r * columns + j]!);
    const numbers = row.filter((v) => !Number.isNaN(v));
    out[r] = numbers.length ? row.indexOf(Math.max(...numbers)) : 0;
  }
  return out;
}
