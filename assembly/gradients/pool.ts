import { largestOf } from '../kernels/pool';

/**
 * gradX [planes, height, width] += gradY [planes, outHeight, outWidth], each at the place of its window's largest: the
 * first of equals, the last NaN. One addition for each window that an element is the largest of.
 */
export function f32_max_pool_backward(
  gradXPtr: usize, gradYPtr: usize, xPtr: usize, planes: i32, height: i32, width: i32, kernelHeight: i32,
  kernelWidth: i32, strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, outHeight: i32,
  outWidth: i32,
): void {
  for (let plane = 0; plane < planes; ++plane) {
    for (let row = 0, top = -paddingHeight; row < outHeight; ++row, top += strideHeight) {
      for (let column = 0, left = -paddingWidth; column < outWidth; ++column, left += strideWidth) {
        const pointer = gradXPtr + largestOf(xPtr, height, width, top, left, kernelHeight, kernelWidth);
        store<f32>(pointer, load<f32>(pointer) + load<f32>(gradYPtr));
        gradYPtr += 4;
      }
    }
    gradXPtr += (<usize>height * width) << 2; xPtr += (<usize>height * width) << 2;
  }
}
