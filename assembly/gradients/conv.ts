/** The gradient of an image from that of its patches. */
import { movePatches } from '../kernels/conv';

/**
 * gradX [channels, height, width] += the transpose of `f32_im2col` applied to gradPatches, a plain matrix
 * [channels * kernelHeight * kernelWidth, count]. The buffers must not overlap. At most kernelHeight * kernelWidth terms
 * are added to one element in a call, position after position; error: that many eps * sum |terms|.
 */
export function f32_col2im(
  gradXPtr: usize, gradPatchesPtr: usize, channels: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, dilationHeight: i32, dilationWidth: i32,
  outWidth: i32, from: i32, count: i32,
): void {
  movePatches(
    gradPatchesPtr, gradXPtr, channels, height, width, kernelHeight, kernelWidth, strideHeight, strideWidth,
    paddingHeight, paddingWidth, dilationHeight, dilationWidth, outWidth, from, count, count, true,
  );
}
