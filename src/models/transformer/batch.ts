import type { Runtime } from '../../runtime/runtime.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { idRows } from '../idRows.ts';
import type { SequencePair } from '../seq2seq/batch.ts';
import type { TransformerSeq2SeqConfig } from './config.ts';

/** Padded rows of ids for training, batch first. */
export interface TransformerBatch {
  /** i32 [batch, source length] */
  readonly source: Tensor;
  /** i32 [batch] */
  readonly sourceLengths: Tensor;
  /** i32 [batch, target length]: `<sos>` and the target. */
  readonly targetInput: Tensor;
  /** i32 [batch, target length]: the target and `<eos>`. */
  readonly targetOutput: Tensor;
}

/**
 * Pairs as one batch, padded to their longest.
 * @throws DTypeError for an id that is not a whole number
 */
export function transformerBatch(
  runtime: Runtime,
  pairs: readonly SequencePair[],
  { paddingId, startId, endId }: Pick<TransformerSeq2SeqConfig, 'paddingId' | 'startId' | 'endId'>,
): TransformerBatch {
  const rowsOf = (rows: readonly (readonly number[])[]): Tensor => idRows(runtime, rows, paddingId).ids;
  return runtime.scope(() => {
    const sources = pairs.map((pair) => pair.source);
    const { ids: source, lengths: sourceLengths } = idRows(runtime, sources, paddingId);
    return {
      source,
      sourceLengths,
      targetInput: rowsOf(pairs.map(({ target }) => [startId, ...target])),
      targetOutput: rowsOf(pairs.map(({ target }) => [...target, endId])),
    };
  });
}
