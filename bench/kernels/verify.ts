/** How the outputs of the cases are held against the double-precision references. */
import { absolute, EPSILON } from '../../tests/kernels/bounds.ts';

/**
 * @param error what each element (or, a number, any of them) may be off by, in units of EPSILON
 * @throws Error naming the case and the element
 */
export function expectClose(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  error: ArrayLike<number> | number,
): void {
  if (actual.length !== expected.length)
    throw new Error(`${name}: ${actual.length} elements, expected ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    const tolerance = (typeof error === 'number' ? error : error[i]!) * EPSILON;
    if (!(Math.abs(actual[i]! - expected[i]!) <= tolerance))
      throw new Error(`${name}: element ${i} is ${actual[i]}, expected ${expected[i]} within ${tolerance}`);
  }
}

/** Euclidean length of each row. A row's product with another is at most the product of their lengths. */
export function lengthsOfRows(x: ArrayLike<number>, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, r) => {
    let sum = 0;
    for (let j = r * columns; j < (r + 1) * columns; j++) sum += x[j]! ** 2;
    return Math.sqrt(sum);
  });
}

/**
 * Of A [M, K] · B [N, K]^T: (K + 1) roundings of sum |a||b| for each element, in units of EPSILON, with the product of
 * the rows' lengths for that sum.
 */
export function productError(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  M: number,
  N: number,
  K: number,
): Float64Array {
  const [left, right] = [lengthsOfRows(a, M, K), lengthsOfRows(b, N, K)];
  return Float64Array.from({ length: M * N }, (_, i) => (K + 1) * left[Math.floor(i / N)]! * right[i % N]!);
}

export const largest = (x: ArrayLike<number>): number => absolute(x).reduce((a, b) => Math.max(a, b), 0);
