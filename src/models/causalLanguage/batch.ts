import type { Runtime } from '../../runtime/runtime.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { idRows } from '../idRows.ts';
import type { CausalLanguageModelConfig } from './config.ts';

/** Padded sequences for training. */
export interface CausalBatch {
  /** i32 [batch, time], start and end included, padded with any ids. */
  readonly ids: Tensor;
  /** i32 [batch]: the first lengths[b] positions exist; all by default. */
  readonly lengths?: Tensor;
}

/** Sequences, given without start and end, as one batch, padded to the longest. */
export function causalBatch(
  runtime: Runtime,
  rows: readonly (readonly number[])[],
  { startId, endId }: Pick<CausalLanguageModelConfig, 'startId' | 'endId'>,
): CausalBatch {
  const whole = rows.map((row) => [startId, ...row, endId]);
  return idRows(runtime, whole, endId);
}
