/** References of assembly/kernels/weightedSum.ts and assembly/gradients/weightedSum.ts. */

/** out_q = sum_k weights_qk value_k, per batch item; value [batch, keys, size]. */
export function weightedSum(
  weights: ArrayLike<number>,
  value: ArrayLike<number>,
  batch: number,
  queries: number,
  keys: number,
  size: number,
): Float64Array {
  const out = new Float64Array(batch * queries * size);
  for (let b = 0; b < batch; b++) {
    for (let q = 0; q < queries; q++) {
      for (let d = 0; d < size; d++) {
        let sum = 0;
        for (let k = 0; k < keys; k++) {
          sum += weights[(b * queries + q) * keys + k]! * value[(b * keys + k) * size + d]!;
        }
        out[(b * queries + q) * size + d] = sum;
      }
    }
  }
  return out;
}

/** out_k = scale * sum_q weights_qk x_q, per batch item; x [batch, queries, size]. */
export function weightedSumTransposed(
  weights: ArrayLike<number>,
  x: ArrayLike<number>,
  batch: number,
  queries: number,
  keys: number,
  size: number,
  scale: number,
): Float64Array {
  const out = new Float64Array(batch * keys * size);
  for (let b = 0; b < batch; b++) {
    for (let k = 0; k < keys; k++) {
      for (let d = 0; d < size; d++) {
        let sum = 0;
        for (let q = 0; q < queries; q++) {
          sum += weights[(b * queries + q) * keys + k]! * x[(b * queries + q) * size + d]!;
        }
        out[(b * keys + k) * size + d] = scale * sum;
      }
    }
  }
  return out;
}
