/** Reference of the fused attention for the specs. */
import { type AttentionShape, attention, attentionScores } from '../../reference/attention.ts';
import { softmaxRow } from '../../reference/softmax.ts';
import { absolute, EXP2_ERROR } from '../bounds.ts';
import type { Views } from './views.ts';

/** Keys of a block of the kernel: what was summed before is scaled once for each. */
const KEY_BLOCK = 128;

export function fusedAttentionReferences({ f32, i32Or, put, dense }: Views) {
  return {
    attention(
      out: number,
      magnitude: number,
      query: number,
      key: number,
      value: number,
      mask: number,
      lengths: number,
      batch: number,
      heads: number,
      keyValueHeads: number,
      queries: number,
      keys: number,
      size: number,
      valueSize: number,
      queryStride: number,
      capacity: number,
      keyStride: number,
      valueStride: number,
      maskBatchStride: number,
      maskHeadStride: number,
      maskStride: number,
      firstVisible: number,
      scale: number,
    ) {
      /** The first `keys` rows of each batch item's `capacity`. */
      const cached = (pointer: number, columns: number, stride: number) =>
        Float64Array.from(
          Array.from({ length: batch }, (_, b) => [
            ...dense(pointer + 4 * b * capacity * stride, keys, columns, stride),
          ]).flat(),
        );
      const q = dense(query, batch * queries, heads * size, queryStride);
      const k = cached(key, keyValueHeads * size, keyStride);
      const v = cached(value, keyValueHeads * valueSize, valueStride);
      const shape: AttentionShape = {
        batch,
        heads,
        keyValueHeads,
        queries,
        keys,
        size,
        valueSize,
        scale,
        firstVisible,
        lengths: i32Or(lengths, batch),
        mask: mask
          ? (b, head, i, j) =>
              f32(mask + 4 * (b * maskBatchStride + head * maskHeadStride + i * maskStride + j), 1)[0]!
          : null,
      };
      put(out, attention(q, k, v, shape).output);
      put(magnitude, attentionError(q, k, v, shape));
    },
  };
}

/**
 * First-order propagation, in units of EPSILON: a weight errs by its score's error (dot product, mask, difference
 * from the maximum), by that of 2^x, and by one rescaling a block; the sum of the weights by their average.
 */
function attentionError(
  query: Float64Array,
  key: Float64Array,
  value: Float64Array,
  shape: AttentionShape,
): Float64Array {
  const { batch, heads, keyValueHeads, queries, keys, size, valueSize, scale, mask } = shape;
  const error = new Float64Array(batch * queries * heads * valueSize);
  const [absoluteQuery, absoluteKey] = [absolute(query), absolute(key)];
  const magnitudes = { ...shape, scale: Math.abs(scale), mask: null };
  const blocks = Math.ceil(keys / KEY_BLOCK);
  for (let b = 0; b < batch; b++) {
    for (let head = 0; head < heads; head++) {
      const shared = Math.floor(head / (heads / keyValueHeads));
      for (let i = 0; i < queries; i++) {
        const scores = attentionScores(query, key, b, head, i, shape);
        const most = attentionScores(absoluteQuery, absoluteKey, b, head, i, magnitudes);
        const weights = softmaxRow(scores);
        const largest = scores.reduce((a, s) => Math.max(a, s), -Infinity);
        const own = weights.map((weight, j) => {
          if (!(weight > 0)) return 0;
          const added = mask ? 2 * Math.abs(mask(b, head, i, j)) + Math.abs(scores[j]!) : 0;
          return (size + 4) * most[j]! + added + 2 * (largest - scores[j]!) + (blocks + 1) * (EXP2_ERROR + 2);
        });
        const average = weights.reduce((sum, weight, j) => sum + weight * own[j]!, 0);
        for (let c = 0; c < valueSize; c++) {
          let sum = 0;
          weights.forEach((weight, j) => {
            const v = Math.abs(value[((b * keys + j) * keyValueHeads + shared) * valueSize + c]!);
            sum += weight * v * (own[j]! + average + keys + 8);
          });
          error[((b * queries + i) * heads + head) * valueSize + c] = Number.isFinite(sum) ? sum : 0;
        }
      }
    }
  }
  return error;
}
