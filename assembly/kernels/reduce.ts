/** Reductions. */
import { hsum, loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/** Floats summed in single precision before they join a double-precision total. */
const BLOCK: i32 = 256;

/** Sum of n floats. Error: at most (BLOCK / 4 + 3) eps * sum |x|, whatever n. */
export function f32_sum(xPtr: usize, n: i32): f32 {
  let total: f64 = 0;
  while (n > 0) {
    let sum = f32x4.splat(0);
    for (let i = min(n, BLOCK); i > 0; i -= 4, xPtr += 16) sum = f32x4.add(sum, loadUpTo4(xPtr, i));
    total += <f64>hsum(sum);
    n -= BLOCK;
  }
  return <f32>total;
}

/** Sum of the squares of n floats. Error: at most (BLOCK / 4 + 4) eps, relative. */
export function f32_sum_squares(xPtr: usize, n: i32): f32 {
  let total: f64 = 0;
  while (n > 0) {
    let sum = f32x4.splat(0);
    for (let i = min(n, BLOCK); i > 0; i -= 4, xPtr += 16) {
      const x = loadUpTo4(xPtr, i);
      sum = madd(x, x, sum);
    }
    total += <f64>hsum(sum);
    n -= BLOCK;
  }
  return <f32>total;
}

/** out[j] += sum_r x[r, j]. x [rows, columns], out [columns]. */
export function f32_sum_rows(outPtr: usize, xPtr: usize, rows: i32, columns: i32): void {
  const bytes = (<usize>columns) << 2;
  for (let j = 0; j < columns; j += 4) {
    const left = columns - j;
    const offset = (<usize>j) << 2;
    let x = xPtr + offset;
    let sum = f32x4.splat(0);
    for (let r = 0; r < rows; ++r, x += bytes) sum = f32x4.add(sum, loadUpTo4(x, left));
    storeUpTo4(outPtr + offset, f32x4.add(loadUpTo4(outPtr + offset, left), sum), left);
  }
}

/** out[r] (i32) = the first index of the largest of row r; NaN is never larger; 0 where all are NaN. x [rows, columns]. */
export function f32_argmax(outPtr: usize, xPtr: usize, rows: i32, columns: i32): void {
  for (let r = 0; r < rows; ++r, outPtr += 4) {
    let best: f32 = -Infinity;
    let index = 0;
    let found = false;
    for (let j = 0; j < columns; ++j, xPtr += 4) {
      const x = load<f32>(xPtr);
      if (x > best || (!found && x == best)) { best = x; index = j; found = true; }
    }
    store<i32>(outPtr, index);
  }
}
