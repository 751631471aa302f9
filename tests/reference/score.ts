/** References of assembly/kernels/score.ts and assembly/gradients/score.ts. */

/** score_qk = scale * sum_d query_qd key_kd, per batch item. */
export function scoreDot(
  query: ArrayLike<number>,
  key: ArrayLike<number>,
  batch: number,
  queries: number,
  keys: number,
  size: number,
  scale: number,
): Float64Array {
  const scores = new Float64Array(batch * queries * keys);
  for (let b = 0; b < batch; b++) {
    for (let q = 0; q < queries; q++) {
      for (let k = 0; k < keys; k++) {
        let sum = 0;
        for (let d = 0; d < size; d++)
          sum += query[(b * queries + q) * size + d]! * key[(b * keys + k) * size + d]!;
        scores[(b * queries + q) * keys + k] = scale * sum;
      }
    }
  }
  return scores;
}

/** score_qk = sum_d vector_d tanh(query_qd + key_kd), per batch item. */
export function scoreAdditive(
  query: ArrayLike<number>,
  key: ArrayLike<number>,
  vector: ArrayLike<number>,
  batch: number,
  queries: number,
  keys: number,
  size: number,
): Float64Array {
  const scores = new Float64Array(batch * queries * keys);
  for (let b = 0; b < batch; b++) {
    for (let q = 0; q < queries; q++) {
      for (let k = 0; k < keys; k++) {
        let sum = 0;
        for (let d = 0; d < size; d++) {
          sum +=
            vector[d]! * Math.tanh(query[(b * queries + q) * size + d]! + key[(b * keys + k) * size + d]!);
        }
        scores[(b * queries + q) * keys + k] = sum;
      }
    }
  }
  return scores;
}

/** With t = tanh(query + key): dvector = ds t, dquery = dkey = ds vector (1 - t^2), each summed over its own axes. */
export function scoreAdditiveBackward(
  gradScores: ArrayLike<number>,
  query: ArrayLike<number>,
  key: ArrayLike<number>,
  vector: ArrayLike<number>,
  batch: number,
  queries: number,
  keys: number,
  size: number,
): { gradQuery: Float64Array; gradKey: Float64Array; gradVector: Float64Array } {
  const gradQuery = new Float64Array(batch * queries * size);
  const gradKey = new Float64Array(batch * keys * size);
  const gradVector = new Float64Array(size);
  for (let b = 0; b < batch; b++) {
    for (let q = 0; q < queries; q++) {
      for (let k = 0; k < keys; k++) {
        const gradScore = gradScores[(b * queries + q) * keys + k]!;
        for (let d = 0; d < size; d++) {
          const i = (b * queries + q) * size + d;
          const j = (b * keys + k) * size + d;
          const t = Math.tanh(query[i]! + key[j]!);
          gradVector[d] = gradVector[d]! + gradScore * t;
          gradQuery[i] = gradQuery[i]! + gradScore * vector[d]! * (1 - t * t);
          gradKey[j] = gradKey[j]! + gradScore * vector[d]! * (1 - t * t);
        }
      }
    }
  }
  return { gradQuery, gradKey, gradVector };
}
