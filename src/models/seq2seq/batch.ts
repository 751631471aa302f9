import type { Tensor } from '../../tensor/tensor.ts';

/** Padded rows of ids for training. */
export interface Seq2SeqBatch {
  /** i32 [batch, source length] */
  readonly source: Tensor;
  /** i32 [batch] */
  readonly sourceLengths: Tensor;
  /** i32 [target length, batch], time first: `<sos>` and the target. */
  readonly targetInput: Tensor;
  /** i32 [target length, batch], time first: the target and `<eos>`. */
  readonly targetOutput: Tensor;
}

/** Rows of ids as one rectangle, filled up with `padding`. */
export function padRows(
  rows: readonly (readonly number[])[],
  padding: number,
): { ids: Int32Array; lengths: Int32Array } {
  const lengths = Int32Array.from(rows, (row) => row.length);
  const columns = lengths.reduce((a, b) => Math.max(a, b), 0);
  const ids = new Int32Array(rows.length * columns).fill(padding);
  rows.forEach((row, i) => {
    ids.set(row, i * columns);
  });
  return { ids, lengths };
}
