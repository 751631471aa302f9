/**
 * Convolution as a matrix product: `f32_im2col` gathers the patches of an image into a matrix, by which the product
 * multiplies the kernels.
 *
 * Row k = (c, i, j) of the matrix [channels * kernelHeight * kernelWidth, positions] holds, for the position (r, s) of the
 * output, x[c][r * strideHeight - paddingHeight + i * dilationHeight][s * strideWidth - paddingWidth + j * dilationWidth],
 * and zero outside the image. Four positions side by side in one row of the output and of the image are copied as one
 * vector (stride 1); others come one by one.
 */

/** One element between matrix and image: gathers into the matrix, or, where `scatter`, adds to the image. */
// @ts-ignore: decorator
@inline
function move1(matrixPtr: usize, rowPtr: usize, column: i32, width: i32, inside: bool, scatter: bool): void {
  const real = inside && <u32>column < <u32>width;
  const pointer = rowPtr + ((<isize>column) << 2);
  if (!scatter) store<f32>(matrixPtr, real ? load<f32>(pointer) : 0);
  else if (real) store<f32>(pointer, load<f32>(pointer) + load<f32>(matrixPtr));
}

/** One position: a column of the matrix, from image row `top` and column `left` on. */
// @ts-ignore: decorator
@inline
function moveOne(
  matrixPtr: usize, imagePtr: usize, channels: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32,
  dilationHeight: i32, dilationWidth: i32, top: i32, left: i32, matrixStride: usize, scatter: bool,
): void {
  for (let c = 0; c < channels; ++c) {
    let row = top;
    for (let i = 0; i < kernelHeight; ++i, row += dilationHeight) {
      const rowPtr = imagePtr + <usize>(<isize>row * width << 2);
      const inside = <u32>row < <u32>height;
      let column = left;
      for (let j = 0; j < kernelWidth; ++j, column += dilationWidth) {
        move1(matrixPtr, rowPtr, column, width, inside, scatter);
        matrixPtr += matrixStride;
      }
    }
    imagePtr += (<usize>height * width) << 2;
  }
}

/** Four positions side by side. */
// @ts-ignore: decorator
@inline
function moveFour(
  matrixPtr: usize, imagePtr: usize, channels: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32,
  dilationHeight: i32, dilationWidth: i32, top: i32, left: i32, matrixStride: usize, scatter: bool,
): void {
  for (let c = 0; c < channels; ++c) {
    let row = top;
    for (let i = 0; i < kernelHeight; ++i, row += dilationHeight) {
      const rowPtr = imagePtr + <usize>(<isize>row * width << 2);
      const inside = <u32>row < <u32>height;
      let column = left;
      for (let j = 0; j < kernelWidth; ++j, column += dilationWidth) {
        if (inside && column >= 0 && column + 4 <= width) {
          const pointer = rowPtr + (<usize>column << 2);
          if (scatter) v128.store(pointer, f32x4.add(v128.load(pointer), v128.load(matrixPtr)));
          else v128.store(matrixPtr, v128.load(pointer));
        } else {
          for (let lane = 0; lane < 4; ++lane) {
            move1(matrixPtr + (lane << 2), rowPtr, column + lane, width, inside, scatter);
          }
        }
        matrixPtr += matrixStride;
      }
    }
    imagePtr += (<usize>height * width) << 2;
  }
}

/** Walks `count` positions from `from` on; both kernels, which pass a constant `scatter`. */
// @ts-ignore: decorator
@inline
export function movePatches(
  matrixPtr: usize, imagePtr: usize, channels: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, dilationHeight: i32, dilationWidth: i32,
  outWidth: i32, from: i32, count: i32, panel: i32, scatter: bool,
): void {
  const stride = (<usize>panel) << 2;
  const panelBytes = <usize>(channels * kernelHeight * kernelWidth) * stride;
  for (let begin = 0; begin < count; begin += panel) {
    for (let i = 0; i < panel;) {
      const position = from + begin + i, left = count - begin - i;
      const pointer = matrixPtr + ((<usize>i) << 2);
      const s = position % outWidth;
      const column = s * strideWidth - paddingWidth;
      // Past the last position as past the last row: zeros.
      const row = left > 0 ? (position / outWidth) * strideHeight - paddingHeight : height;
      if (strideWidth == 1 && i + 4 <= panel && left >= 4 && s + 4 <= outWidth) {
        moveFour(
          pointer, imagePtr, channels, height, width, kernelHeight, kernelWidth, dilationHeight, dilationWidth, row,
          column, stride, scatter,
        );
        i += 4;
      } else {
        moveOne(
          pointer, imagePtr, channels, height, width, kernelHeight, kernelWidth, dilationHeight, dilationWidth, row,
          column, stride, scatter,
        );
        i += 1;
      }
    }
    matrixPtr += panelBytes;
  }
}

/**
 * The patches of x [channels, height, width] around `count` positions of the output, from `from` on in row-major order of
 * an output `outWidth` wide, as ceil(count / panel) matrices [channels * kernelHeight * kernelWidth, panel] side by side,
 * zeros past the last position: a `panel` of 8 is what `f32_matmul` takes, one of `count` a plain matrix. Exact copies.
 * The buffers must not overlap.
 */
export function f32_im2col(
  outPtr: usize, xPtr: usize, channels: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, dilationHeight: i32, dilationWidth: i32,
  outWidth: i32, from: i32, count: i32, panel: i32,
): void {
  movePatches(
    outPtr, xPtr, channels, height, width, kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight,
    paddingWidth, dilationHeight, dilationWidth, outWidth, from, count, panel, false,
  );
}
