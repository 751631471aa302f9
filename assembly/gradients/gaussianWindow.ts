import { distances, gaussian } from '../kernels/gaussianWindow';
import { hsum, loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/**
 * Backward of f32_gaussian_window, with g_j the Gaussian; gradWeights [rows, columns] and gradPositions [rows] are added to,
 * or left alone where their pointer is 0:
 *   dweights_j += dout_j g_j, dposition += sum_j dout_j weights_j g_j 4 (j - position) / halfWidth^2
 */
export function f32_gaussian_window_backward(
  gradWeightsPtr: usize, gradPositionsPtr: usize, gradOutPtr: usize, weightsPtr: usize, positionsPtr: usize,
  rows: i32, columns: i32, halfWidth: f32,
): void {
  const inverse: f32 = 1 / halfWidth;
  const reciprocal = f32x4.splat(inverse);
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; ++r, gradOutPtr += bytes, weightsPtr += bytes, positionsPtr += 4) {
    const position = v128.load32_splat(positionsPtr);
    let slope = f32x4.splat(0);
    for (let j = 0; j < columns; j += 4) {
      const offset = (<usize>j) << 2, left = columns - j;
      const d = distances(j, position, reciprocal);
      const gradient = f32x4.mul(loadUpTo4(gradOutPtr + offset, left), gaussian(d));
      slope = madd(f32x4.mul(gradient, loadUpTo4(weightsPtr + offset, left)), d, slope);
      if (!gradWeightsPtr) continue;
      storeUpTo4(gradWeightsPtr + offset, f32x4.add(loadUpTo4(gradWeightsPtr + offset, left), gradient), left);
    }
    if (gradWeightsPtr) gradWeightsPtr += bytes;
    if (!gradPositionsPtr) continue;
    store<f32>(gradPositionsPtr, load<f32>(gradPositionsPtr) + 4 * inverse * hsum(slope));
    gradPositionsPtr += 4;
  }
}
