/** References of scores and weighted sums for the specs. */
import * as reduce from '../../reference/reduce.ts';
import * as score from '../../reference/score.ts';
import * as weightedSum from '../../reference/weightedSum.ts';
import { absolute } from '../bounds.ts';
import type { Views } from './views.ts';

export function attentionReferences({ f32, put, plus }: Views) {
  return {
    scoreDot(
      out: number,
      magnitude: number,
      query: number,
      key: number,
      batch: number,
      queries: number,
      keys: number,
      size: number,
      factor: number,
    ) {
      const q = f32(query, batch * queries * size);
      const k = f32(key, batch * keys * size);
      put(out, score.scoreDot(q, k, batch, queries, keys, size, factor));
      put(magnitude, score.scoreDot(absolute(q), absolute(k), batch, queries, keys, size, Math.abs(factor)));
    },
    scoreAdditive(
      out: number,
      magnitude: number,
      query: number,
      key: number,
      vector: number,
      batch: number,
      queries: number,
      keys: number,
      size: number,
    ) {
      const v = f32(vector, size);
      put(
        out,
        score.scoreAdditive(
          f32(query, batch * queries * size),
          f32(key, batch * keys * size),
          v,
          batch,
          queries,
          keys,
          size,
        ),
      );
      put(magnitude, new Float64Array(batch * queries * keys).fill(reduce.sum(absolute(v))));
    },
    scoreAdditiveBackward(
      outQuery: number,
      outKey: number,
      outVector: number,
      magnitudeQuery: number,
      magnitudeKey: number,
      magnitudeVector: number,
      beforeQuery: number,
      beforeKey: number,
      beforeVector: number,
      gradScores: number,
      query: number,
      key: number,
      vector: number,
      batch: number,
      queries: number,
      keys: number,
      size: number,
    ) {
      const ds = f32(gradScores, batch * queries * keys);
      const q = f32(query, batch * queries * size);
      const k = f32(key, batch * keys * size);
      const v = f32(vector, size);
      const gradients = score.scoreAdditiveBackward(ds, q, k, v, batch, queries, keys, size);
      put(outQuery, plus(f32(beforeQuery, q.length), gradients.gradQuery));
      put(outKey, plus(f32(beforeKey, k.length), gradients.gradKey));
      put(outVector, plus(f32(beforeVector, size), gradients.gradVector));
      // |1 - t^2| and |t| count as 2 and 1: tanh's own error is relative to 1 here.
      const zeros = (n: number) => new Float64Array(n);
      const most = score.scoreAdditiveBackward(
        absolute(ds),
        zeros(q.length),
        zeros(k.length),
        absolute(v),
        batch,
        queries,
        keys,
        size,
      );
      put(
        magnitudeQuery,
        plus(
          absolute(f32(beforeQuery, q.length)),
          most.gradQuery.map((x) => 2 * x),
        ),
      );
      put(
        magnitudeKey,
        plus(
          absolute(f32(beforeKey, k.length)),
          most.gradKey.map((x) => 2 * x),
        ),
      );
      put(
        magnitudeVector,
        plus(absolute(f32(beforeVector, size)), zeros(size).fill(reduce.sum(absolute(ds)))),
      );
    },

    weightedSum(
      out: number,
      magnitude: number,
      before: number,
      weights: number,
      value: number,
      batch: number,
      queries: number,
      keys: number,
      size: number,
    ) {
      const w = f32(weights, batch * queries * keys);
      const v = f32(value, batch * keys * size);
      const start = before ? f32(before, batch * queries * size) : new Float32Array(batch * queries * size);
      put(out, plus(start, weightedSum.weightedSum(w, v, batch, queries, keys, size)));
      put(
        magnitude,
        plus(absolute(start), weightedSum.weightedSum(absolute(w), absolute(v), batch, queries, keys, size)),
      );
    },
    weightedSumTransposed(
      out: number,
      magnitude: number,
      before: number,
      weights: number,
      x: number,
      batch: number,
      queries: number,
      keys: number,
      size: number,
      factor: number,
    ) {
      const w = f32(weights, batch * queries * keys);
      const v = f32(x, batch * queries * size);
      const start = f32(before, batch * keys * size);
      put(out, plus(start, weightedSum.weightedSumTransposed(w, v, batch, queries, keys, size, factor)));
      const most = weightedSum.weightedSumTransposed(
        absolute(w),
        absolute(v),
        batch,
        queries,
        keys,
        size,
        Math.abs(factor),
      );
      put(magnitude, plus(absolute(start), most));
    },
  };
}
