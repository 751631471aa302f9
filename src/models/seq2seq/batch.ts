import type { Runtime } from '../../runtime/runtime.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { idColumns, idRows } from '../idRows.ts';
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
  const columnsOf = (rows: readonly (readonly number[])[]): Tensor => idColumns(runtime, rows, paddingId);
  return runtime.scope(() => {
    const sources = pairs.map((pair) => pair.source);
    const { ids: source, lengths: sourceLengths } = idRows(runtime, sources, paddingId);
    return {
      source,
      sourceLengths,
      targetInput: columnsOf(pairs.map(({ target }) => [startId, ...target])),
      targetOutput: columnsOf(pairs.map(({ target }) => [...target, endId])),
    };
  });
}
