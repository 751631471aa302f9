/**
 * Max pooling of planes [height, width]: out[r][s] = the largest of x in the window of kernelHeight rows from
 * r * strideHeight - paddingHeight on and kernelWidth columns, as far as it lies in the plane.
 */

/** The byte offset in the plane of a window's largest: the first of equals, as PyTorch; the last NaN where there is one. */
// @ts-ignore: decorator
@inline
export function largestOf(
  xPtr: usize, height: i32, width: i32, top: i32, left: i32, kernelHeight: i32, kernelWidth: i32,
): usize {
  const bottom = min(top + kernelHeight, height), right = min(left + kernelWidth, width);
  top = max(top, 0); left = max(left, 0);
  let place = (<usize>top * width + left) << 2;
  let largest: f32 = -Infinity;
  for (let row = top; row < bottom; ++row) {
    let offset = (<usize>row * width + left) << 2;
    for (let column = left; column < right; ++column, offset += 4) {
      const value = load<f32>(xPtr + offset);
      if (value > largest || isNaN(value)) { largest = value; place = offset; }
    }
  }
  return place;
}

/**
 * out [planes, outHeight, outWidth] = max pooling of x [planes, height, width]. Each window must hold an element: padding
 * of at most half the kernel. NaN in a window gives NaN. Exact.
 */
export function f32_max_pool(
  outPtr: usize, xPtr: usize, planes: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, outHeight: i32, outWidth: i32,
): void {
  for (let plane = 0; plane < planes; ++plane) {
    for (let row = 0, top = -paddingHeight; row < outHeight; ++row, top += strideHeight) {
      for (let column = 0, left = -paddingWidth; column < outWidth; ++column, left += strideWidth) {
        store<f32>(outPtr, load<f32>(xPtr + largestOf(xPtr, height, width, top, left, kernelHeight, kernelWidth)));
        outPtr += 4;
      }
    }
    xPtr += (<usize>height * width) << 2;
  }
}
