/**
 * Softmax and log-softmax over the last axis.
 *
 * Row r sees its first `lengths[r / rowsPerLength]` columns (all where lengthsPtr is 0), and `mask` row r % maskRows
 * is added to it first (nothing where maskPtr is 0; -inf is legal). Columns past the length get weight 0, or -inf in
 * the log form. A row with nothing to see gives zeros (log: -inf), not NaN. NaN in gives a row of NaN. The row's
 * maximum is subtracted. `outPtr` may equal `xPtr`.
 * Error: for softmax, relative, at most (columns / 4 + 8 + 2 (max x - min x)) eps over that of exp: x - max rounds once,
 * and exp turns that into a relative error. For log-softmax, absolute, at most (columns / 4 + 8 + |y|) eps.
 */
import { exp } from '../math/exp';
import { hmax, hsum, loadTail, loadUpTo4, storeTail } from '../simd/vec';

/** Largest of n values of x + mask; -inf for n = 0; NaN where one is NaN. Leaves x + mask at out. */
function maskedMaximum(outPtr: usize, xPtr: usize, maskPtr: usize, n: i32): f32 {
  let largest = f32x4.splat(-Infinity);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    let x = v128.load(xPtr);
    if (maskPtr) { x = f32x4.add(x, v128.load(maskPtr)); maskPtr += 16; }
    v128.store(outPtr, x);
    largest = f32x4.max(largest, x);
    xPtr += 16; outPtr += 16;
  }
  let result = hmax(largest);
  for (; i < n; ++i) {
    let x = load<f32>(xPtr);
    if (maskPtr) { x += load<f32>(maskPtr); maskPtr += 4; }
    store<f32>(outPtr, x);
    result = max(result, x);
    xPtr += 4; outPtr += 4;
  }
  return result;
}

function fill(outPtr: usize, value: f32, n: i32): void {
  const v = f32x4.splat(value);
  let i = 0;
  for (; i + 4 <= n; i += 4) { v128.store(outPtr, v); outPtr += 16; }
  if (i < n) storeTail(outPtr, v, n - i);
}

/** Columns that row r sees. */
// @ts-ignore: decorator
@inline
function visible(lengthsPtr: usize, r: i32, rowsPerLength: i32, columns: i32): i32 {
  return lengthsPtr ? max(0, min(columns, load<i32>(lengthsPtr + ((<usize>(r / rowsPerLength)) << 2)))) : columns;
}

/** y_j = exp(x_j - max x) / sum_k exp(x_k - max x). x, out [rows, columns]. */
export function f32_softmax(
  outPtr: usize, xPtr: usize, maskPtr: usize, lengthsPtr: usize,
  rows: i32, columns: i32, maskRows: i32, rowsPerLength: i32,
): void {
  const rowBytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; ++r, outPtr += rowBytes, xPtr += rowBytes) {
    const n = visible(lengthsPtr, r, rowsPerLength, columns);
    const largest = maskedMaximum(outPtr, xPtr, maskPtr ? maskPtr + <usize>(r % maskRows) * rowBytes : 0, n);
    if (largest == -Infinity) { fill(outPtr, 0, columns); continue; }
    const shift = f32x4.splat(largest);
    let sum = f32x4.splat(0);
    let p = outPtr;
    let i = 0;
    for (; i + 4 <= n; i += 4, p += 16) {
      const e = exp(f32x4.sub(v128.load(p), shift));
      v128.store(p, e);
      sum = f32x4.add(sum, e);
    }
    let total = hsum(sum);
    if (i < n) {
      const e = exp(f32x4.sub(loadTail(p, n - i), shift));
      storeTail(p, e, n - i);
      total += f32x4.extract_lane(e, 0);
      if (n - i > 1) total += f32x4.extract_lane(e, 1);
      if (n - i > 2) total += f32x4.extract_lane(e, 2);
    }
    const scale = f32x4.splat(1 / total);
    p = outPtr;
    for (i = 0; i + 4 <= n; i += 4, p += 16) v128.store(p, f32x4.mul(v128.load(p), scale));
    if (i < n) storeTail(p, f32x4.mul(loadTail(p, n - i), scale), n - i);
    fill(outPtr + ((<usize>n) << 2), 0, columns - n);
  }
}

/** y_j = (x_j - max x) - ln sum_k exp(x_k - max x). x, out [rows, columns]. */
export function f32_log_softmax(
  outPtr: usize, xPtr: usize, maskPtr: usize, lengthsPtr: usize,
  rows: i32, columns: i32, maskRows: i32, rowsPerLength: i32,
): void {
  const rowBytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; ++r, outPtr += rowBytes, xPtr += rowBytes) {
    const n = visible(lengthsPtr, r, rowsPerLength, columns);
    const largest = maskedMaximum(outPtr, xPtr, maskPtr ? maskPtr + <usize>(r % maskRows) * rowBytes : 0, n);
    if (largest == -Infinity) { fill(outPtr, -Infinity, columns); continue; }
    const shift = f32x4.splat(largest);
    let sum = f32x4.splat(0);
    let p = outPtr;
    let i = 0;
    for (; i + 4 <= n; i += 4, p += 16) sum = f32x4.add(sum, exp(f32x4.sub(v128.load(p), shift)));
    let total = hsum(sum);
    if (i < n) {
      const e = exp(f32x4.sub(loadTail(p, n - i), shift));
      total += f32x4.extract_lane(e, 0);
      if (n - i > 1) total += f32x4.extract_lane(e, 1);
      if (n - i > 2) total += f32x4.extract_lane(e, 2);
    }
    const logTotal = f32x4.splat(<f32>Math.log(<f64>total));
    p = outPtr;
    for (i = 0; i + 4 <= n; i += 4, p += 16) v128.store(p, f32x4.sub(f32x4.sub(v128.load(p), shift), logTotal));
    if (i < n) storeTail(p, f32x4.sub(f32x4.sub(loadTail(p, n - i), shift), logTotal), n - i);
    fill(outPtr + ((<usize>n) << 2), -Infinity, columns - n);
  }
}
