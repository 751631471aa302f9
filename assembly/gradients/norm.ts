/**
 * Backward of kernels/norm.ts, which takes the rows' moments anew from x. gradX [rows, columns], gradWeight and gradBias
 * [columns] are added to, or left alone where their pointer is 0; weightPtr 0 means weights of 1. h is x normalised.
 */
import { reciprocalNorm, reciprocalRootMeanSquare, rowMoments } from '../kernels/norm';
import { hsum, loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/** out += v, `left` lanes of it; does nothing where outPtr is 0. */
// @ts-ignore: decorator
@inline
function addTo(outPtr: usize, offset: usize, v: v128, left: i32): void {
  if (outPtr) storeUpTo4(outPtr + offset, f32x4.add(loadUpTo4(outPtr + offset, left), v), left);
}

/** dy weight, `left` lanes from `offset` bytes on. */
// @ts-ignore: decorator
@inline
function weighed(gradYPtr: usize, weightPtr: usize, offset: usize, left: i32): v128 {
  const gradY = loadUpTo4(gradYPtr + offset, left);
  return weightPtr ? f32x4.mul(gradY, loadUpTo4(weightPtr + offset, left)) : gradY;
}

/** dx += scale (g - mean g - h mean(g h)), g = dy weight; dweight += sum over rows of dy h; dbias += sum over rows of dy. */
export function f32_layer_norm_backward(
  gradXPtr: usize, gradWeightPtr: usize, gradBiasPtr: usize, gradYPtr: usize, xPtr: usize, weightPtr: usize,
  rows: i32, columns: i32, epsilon: f32,
): void {
  const rowBytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; ++r, gradYPtr += rowBytes, xPtr += rowBytes) {
    const moments = rowMoments(xPtr, columns, epsilon);
    const mean = f32x4.splat(f32x4.extract_lane(moments, 0)), deviation = f32x4.extract_lane(moments, 2);
    const scale = f32x4.splat(deviation), shift = f32x4.splat(-f32x4.extract_lane(moments, 1) * deviation);
    let sum = f32x4.splat(0), product = sum;
    for (let j = 0; j < columns; j += 4) {
      const offset = (<usize>j) << 2, left = columns - j;
      const h = madd(f32x4.sub(loadUpTo4(xPtr + offset, left), mean), scale, shift);
      const gradY = loadUpTo4(gradYPtr + offset, left), g = weighed(gradYPtr, weightPtr, offset, left);
      sum = f32x4.add(sum, g);
      product = madd(g, h, product);
      addTo(gradWeightPtr, offset, f32x4.mul(gradY, h), left);
      addTo(gradBiasPtr, offset, gradY, left);
    }
    if (!gradXPtr) continue;
    const meanG = f32x4.splat(hsum(sum) / <f32>columns), meanProduct = f32x4.splat(hsum(product) / <f32>columns);
    for (let j = 0; j < columns; j += 4) {
      const offset = (<usize>j) << 2, left = columns - j;
      const h = madd(f32x4.sub(loadUpTo4(xPtr + offset, left), mean), scale, shift);
      const rest = f32x4.sub(f32x4.sub(weighed(gradYPtr, weightPtr, offset, left), meanG), f32x4.mul(h, meanProduct));
      addTo(gradXPtr, offset, f32x4.mul(scale, rest), left);
    }
    gradXPtr += rowBytes;
  }
}

/** dx += scale (g - h mean(g h)), g = dy weight; dweight += sum over rows of dy h. */
export function f32_rms_norm_backward(
  gradXPtr: usize, gradWeightPtr: usize, gradYPtr: usize, xPtr: usize, weightPtr: usize,
  rows: i32, columns: i32, epsilon: f32,
): void {
  const rowBytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; ++r, gradYPtr += rowBytes, xPtr += rowBytes) {
    const scale = f32x4.splat(reciprocalRootMeanSquare(xPtr, columns, epsilon));
    let product = f32x4.splat(0);
    for (let j = 0; j < columns; j += 4) {
      const offset = (<usize>j) << 2, left = columns - j;
      const h = f32x4.mul(loadUpTo4(xPtr + offset, left), scale);
      product = madd(weighed(gradYPtr, weightPtr, offset, left), h, product);
      addTo(gradWeightPtr, offset, f32x4.mul(loadUpTo4(gradYPtr + offset, left), h), left);
    }
    if (!gradXPtr) continue;
    const meanProduct = f32x4.splat(hsum(product) / <f32>columns);
    for (let j = 0; j < columns; j += 4) {
      const offset = (<usize>j) << 2, left = columns - j;
      const h = f32x4.mul(loadUpTo4(xPtr + offset, left), scale);
      const rest = f32x4.sub(weighed(gradYPtr, weightPtr, offset, left), f32x4.mul(h, meanProduct));
      addTo(gradXPtr, offset, f32x4.mul(scale, rest), left);
    }
    gradXPtr += rowBytes;
  }
}

/** dx += (dy - y sum(dy y)) / |x|, y = x / |x|; nothing for a vector of zeros. */
export function f32_l2_normalize_backward(gradXPtr: usize, gradYPtr: usize, xPtr: usize, rows: i32, columns: i32): void {
  const rowBytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; ++r, gradXPtr += rowBytes, gradYPtr += rowBytes, xPtr += rowBytes) {
    const scale = f32x4.splat(reciprocalNorm(xPtr, columns));
    let product = f32x4.splat(0);
    for (let j = 0; j < columns; j += 4) {
      const offset = (<usize>j) << 2, left = columns - j;
      product = madd(loadUpTo4(gradYPtr + offset, left), f32x4.mul(loadUpTo4(xPtr + offset, left), scale), product);
    }
    const total = f32x4.splat(hsum(product));
    for (let j = 0; j < columns; j += 4) {
      const offset = (<usize>j) << 2, left = columns - j;
      const along = f32x4.mul(f32x4.mul(loadUpTo4(xPtr + offset, left), scale), total);
      addTo(gradXPtr, offset, f32x4.mul(scale, f32x4.sub(loadUpTo4(gradYPtr + offset, left), along)), left);
    }
  }
}
