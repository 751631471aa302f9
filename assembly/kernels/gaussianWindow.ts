import { expNonPositive } from '../math/exp';
import { loadUpTo4, storeUpTo4 } from '../simd/vec';

const LANES: usize = memory.data<f32>([0, 1, 2, 3]);

/** (j - position) / halfWidth for columns j .. j + 3. */
// @ts-ignore: decorator
@inline
export function distances(j: i32, position: v128, reciprocal: v128): v128 {
  return f32x4.mul(f32x4.sub(f32x4.add(f32x4.splat(<f32>j), v128.load(LANES)), position), reciprocal);
}

/** exp(-2 d^2), four lanes: the Gaussian of deviation halfWidth / 2, at a distance of d half widths. */
// @ts-ignore: decorator
@inline
export function gaussian(d: v128): v128 {
  return expNonPositive(f32x4.mul(f32x4.splat(-2), f32x4.mul(d, d)));
}

/**
 * The Gaussian of local attention with predicted positions (Luong 2015, eq. 10), not normalised:
 *   out_j = weights_j exp(-(j - position)^2 / (2 sigma^2)), sigma = halfWidth / 2
 * weights, out [rows, columns], positions [rows] in columns; `out` may equal `weights`. A NaN position gives a row of NaN.
 * Error: at most (3 + 14 (j - position)^2 / halfWidth^2) eps |out|, where out is not flushed to 0 (below 2^-126).
 */
export function f32_gaussian_window(
  outPtr: usize, weightsPtr: usize, positionsPtr: usize, rows: i32, columns: i32, halfWidth: f32,
): void {
  const reciprocal = f32x4.splat(1 / halfWidth);
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; ++r, outPtr += bytes, weightsPtr += bytes, positionsPtr += 4) {
    const position = v128.load32_splat(positionsPtr);
    for (let j = 0; j < columns; j += 4) {
      const offset = (<usize>j) << 2, left = columns - j;
      const g = gaussian(distances(j, position, reciprocal));
      storeUpTo4(outPtr + offset, f32x4.mul(loadUpTo4(weightsPtr + offset, left), g), left);
    }
  }
}
