import { log } from '../math/log';

/**
 * Entropy of each row, in nats: out = -sum_j w_j ln w_j, where 0 ln 0 = 0. weights [rows, columns], not negative, out [rows].
 * NaN in gives NaN. Summed in double precision. Error: at most 2 eps sum_j |w_j ln w_j|.
 */
export function f32_entropy(outPtr: usize, weightsPtr: usize, rows: i32, columns: i32): void {
  for (let r = 0; r < rows; ++r, outPtr += 4) {
    let total: f64 = 0;
    for (let j = 0; j < columns; ++j, weightsPtr += 4) {
      const weight = load<f32>(weightsPtr);
      if (weight != 0) total -= <f64>weight * <f64>log(weight);
    }
    store<f32>(outPtr, <f32>total);
  }
}
