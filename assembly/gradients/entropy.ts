import { log } from '../math/log';

/**
 * Backward of f32_entropy; gradWeights [rows, columns] is added to: dw_j += -dout (ln w_j + 1). A weight of 0 gets none: it
 * is one that a mask hides (elsewhere the slope there would be infinite).
 */
export function f32_entropy_backward(
  gradWeightsPtr: usize, gradOutPtr: usize, weightsPtr: usize, rows: i32, columns: i32,
): void {
  for (let r = 0; r < rows; ++r, gradOutPtr += 4) {
    const gradOut = load<f32>(gradOutPtr);
    for (let j = 0; j < columns; ++j, weightsPtr += 4, gradWeightsPtr += 4) {
      const weight = load<f32>(weightsPtr);
      if (weight != 0) store<f32>(gradWeightsPtr, load<f32>(gradWeightsPtr) - gradOut * (log(weight) + 1));
    }
  }
}
