import { DTypeError } from '../../errors.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { Seq2SeqConfig } from './config.ts';

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

/** A source and its target, as ids without start and end. */
export interface SequencePair {
  readonly source: readonly number[];
  readonly target: readonly number[];
}

/**
 * Pairs as one batch, padded to their longest.
 * @throws DTypeError for an id that is not a whole number
 */
export function pairBatch(
  runtime: Runtime,
  pairs: readonly SequencePair[],
  { paddingId, startId, endId }: Pick<Seq2SeqConfig, 'paddingId' | 'startId' | 'endId'>,
): Seq2SeqBatch {
  const rows = pairs.length;
  const timeFirst = (targets: readonly (readonly number[])[]): Tensor => {
    const { ids } = padRows(targets, paddingId);
    const time = ids.length / Math.max(1, rows);
    const transposed = ids.map((_, i) => ids[(i % rows) * time + Math.floor(i / rows)]!);
    return Tensor.from(runtime, transposed, [time, rows], 'i32');
  };
  return runtime.scope(() => {
    const sources = pairs.map((pair) => pair.source);
    const [source, sourceLengths] = sourceBatch(runtime, sources, paddingId);
    return {
      source,
      sourceLengths,
      targetInput: timeFirst(pairs.map(({ target }) => [startId, ...target])),
      targetOutput: timeFirst(pairs.map(({ target }) => [...target, endId])),
    };
  });
}

/** Sources i32 [batch, longest], and their lengths i32 [batch]. @throws DTypeError for an id that is not a whole number */
export function sourceBatch(
  runtime: Runtime,
  sources: readonly (readonly number[])[],
  paddingId: number,
): [source: Tensor, lengths: Tensor] {
  const { ids, lengths } = padRows(sources, paddingId);
  const rows = sources.length;
  return [
    Tensor.from(runtime, ids, [rows, ids.length / Math.max(1, rows)], 'i32'),
    Tensor.from(runtime, lengths, [rows], 'i32'),
  ];
}

/** Rows of ids as one rectangle, filled up with `padding`. @throws DTypeError for an id that is not a whole number of 32 bits */
export function padRows(
  rows: readonly (readonly number[])[],
  padding: number,
): { ids: Int32Array; lengths: Int32Array } {
  rows.forEach((row, i) => {
    const wrong = row.findIndex((id) => (id | 0) !== id);
    if (wrong >= 0) {
      throw new DTypeError(
        `padRows: ids must be whole numbers of 32 bits, got ${row[wrong]} at index ${wrong} of row ${i}`,
      );
    }
  });
  const lengths = Int32Array.from(rows, (row) => row.length);
  const columns = lengths.reduce((a, b) => Math.max(a, b), 0);
  const ids = new Int32Array(rows.length * columns).fill(padding);
  rows.forEach((row, i) => {
    ids.set(row, i * columns);
  });
  return { ids, lengths };
}
