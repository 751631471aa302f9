/** Backward of kernels/softmax.ts. y: what the forward kernel returned; all [rows, columns]; gradX is added to. */
import { exp } from '../math/exp';
import { hsum, loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/** dx_j += y_j (dy_j - sum_k dy_k y_k) */
export function f32_softmax_backward(gradXPtr: usize, gradYPtr: usize, yPtr: usize, rows: i32, columns: i32): void {
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; ++r, gradXPtr += bytes, gradYPtr += bytes, yPtr += bytes) {
    let sum = f32x4.splat(0);
    for (let j = 0; j < columns; j += 4) {
      const offset = (<usize>j) << 2;
      sum = madd(loadUpTo4(gradYPtr + offset, columns - j), loadUpTo4(yPtr + offset, columns - j), sum);
    }
    const dot = f32x4.splat(hsum(sum));
    for (let j = 0; j < columns; j += 4) {
      const offset = (<usize>j) << 2;
      const left = columns - j;
      const gradient = f32x4.sub(loadUpTo4(gradYPtr + offset, left), dot);
      storeUpTo4(gradXPtr + offset, madd(loadUpTo4(yPtr + offset, left), gradient, loadUpTo4(gradXPtr + offset, left)), left);
    }
  }
}

/** dx_j += dy_j - exp(y_j) sum_k dy_k */
export function f32_log_softmax_backward(gradXPtr: usize, gradYPtr: usize, yPtr: usize, rows: i32, columns: i32): void {
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; ++r, gradXPtr += bytes, gradYPtr += bytes, yPtr += bytes) {
    let sum = f32x4.splat(0);
    for (let j = 0; j < columns; j += 4) sum = f32x4.add(sum, loadUpTo4(gradYPtr + ((<usize>j) << 2), columns - j));
    const total = f32x4.splat(hsum(sum));
    for (let j = 0; j < columns; j += 4) {
      const offset = (<usize>j) << 2;
      const left = columns - j;
      const gradient = f32x4.sub(loadUpTo4(gradYPtr + offset, left), f32x4.mul(exp(loadUpTo4(yPtr + offset, left)), total));
      storeUpTo4(gradXPtr + offset, f32x4.add(loadUpTo4(gradXPtr + offset, left), gradient), left);
    }
  }
}
