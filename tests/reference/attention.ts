/** Reference of assembly/kernels/attention.ts. */
import { softmaxRow } from './softmax.ts';

export interface AttentionShape {
  readonly batch: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly queries: number;
  readonly keys: number;
  readonly size: number;
  readonly valueSize: number;
  readonly scale: number;
  /** Query i sees its first `firstVisible + i` keys; all by default. */
  readonly firstVisible?: number;
  /** [batch]: keys that exist. */
  readonly lengths?: ArrayLike<number> | null;
  /** What is added to the score of a batch item, head, query and key. */
  readonly mask?: ((b: number, head: number, query: number, key: number) => number) | null;
}

/** The scores of one query of one head: q . k scale + mask for the keys it sees. */
export function attentionScores(
  query: ArrayLike<number>,
  key: ArrayLike<number>,
  b: number,
  head: number,
  i: number,
  shape: AttentionShape,
): Float64Array {
  const { heads, keyValueHeads, queries, keys, size, scale, firstVisible = keys, lengths, mask } = shape;
  const shared = Math.floor(head / (heads / keyValueHeads));
  const visible = Math.max(0, Math.min(lengths ? lengths[b]! : keys, firstVisible + i));
  return Float64Array.from({ length: visible }, (_, j) => {
    let dot = 0;
    for (let d = 0; d < size; d++) {
      const q = query[((b * queries + i) * heads + head) * size + d]!;
      dot += q * key[((b * keys + j) * keyValueHeads + shared) * size + d]!;
    }
    return dot * scale + (mask ? mask(b, head, i, j) : 0);
  });
}

/**
 * softmax(scale Q K^T + mask) V, for each head.
 * @param query [batch, queries, heads * size]
 * @param key [batch, keys, keyValueHeads * size]
 * @param value [batch, keys, keyValueHeads * valueSize]
 * @returns output [batch, queries, heads * valueSize], weights [batch, heads, queries, keys]
 */
export function attention(
  query: ArrayLike<number>,
  key: ArrayLike<number>,
  value: ArrayLike<number>,
  shape: AttentionShape,
) {
  const { batch, heads, keyValueHeads, queries, keys, valueSize } = shape;
  const output = new Float64Array(batch * queries * heads * valueSize);
  const weights = new Float64Array(batch * heads * queries * keys);
  for (let b = 0; b < batch; b++) {
    for (let head = 0; head < heads; head++) {
      const shared = Math.floor(head / (heads / keyValueHeads));
      for (let i = 0; i < queries; i++) {
        const row = softmaxRow(attentionScores(query, key, b, head, i, shape));
        weights.set(row, ((b * heads + head) * queries + i) * keys);
        for (let c = 0; c < valueSize; c++) {
          let sum = 0;
          row.forEach((weight, j) => {
            sum += weight * value[((b * keys + j) * keyValueHeads + shared) * valueSize + c]!;
          });
          output[((b * queries + i) * heads + head) * valueSize + c] = sum;
        }
      }
    }
  }
  return { output, weights };
}
