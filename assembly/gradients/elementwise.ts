/** Backward of kernels/elementwise.ts; y is what the forward kernel returned; gradX is added to. */
import { loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/** dx += dy (1 - y^2) */
export function f32_tanh_backward(gradXPtr: usize, gradYPtr: usize, yPtr: usize, n: i32): void {
  const one = f32x4.splat(1);
  for (; n > 0; n -= 4, gradXPtr += 16, gradYPtr += 16, yPtr += 16) {
    const y = loadUpTo4(yPtr, n);
    const slope = f32x4.sub(one, f32x4.mul(y, y));
    storeUpTo4(gradXPtr, madd(loadUpTo4(gradYPtr, n), slope, loadUpTo4(gradXPtr, n)), n);
  }
}

/** dx += dy y (1 - y) */
export function f32_sigmoid_backward(gradXPtr: usize, gradYPtr: usize, yPtr: usize, n: i32): void {
  const one = f32x4.splat(1);
  for (; n > 0; n -= 4, gradXPtr += 16, gradYPtr += 16, yPtr += 16) {
    const y = loadUpTo4(yPtr, n);
    const slope = f32x4.mul(y, f32x4.sub(one, y));
    storeUpTo4(gradXPtr, madd(loadUpTo4(gradYPtr, n), slope, loadUpTo4(gradXPtr, n)), n);
  }
}
