import type { Runtime } from '../../runtime/runtime.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { idColumns } from '../idRows.ts';
import type { CaptionerConfig } from './config.ts';

/** Images and their captions for training. */
export interface CaptionBatch {
  /** [batch, channels, height, width] */
  readonly images: Tensor;
  /** i32 [caption length, batch], time first: `<sos>` and the caption. */
  readonly targetInput: Tensor;
  /** i32 [caption length, batch], time first: the caption and `<eos>`, then padding. */
  readonly targetOutput: Tensor;
}

/**
 * Images with their captions, as ids without start and end, as one batch, padded to the longest.
 * @param images [batch, channels, height, width]
 * @throws DTypeError for an id that is not a whole number
 */
export function captionBatch(
  runtime: Runtime,
  images: Tensor,
  captions: readonly (readonly number[])[],
  { paddingId, startId, endId }: Pick<CaptionerConfig, 'paddingId' | 'startId' | 'endId'>,
): CaptionBatch {
  const columnsOf = (rows: readonly (readonly number[])[]): Tensor => idColumns(runtime, rows, paddingId);
  return runtime.scope(() => ({
    images,
    targetInput: columnsOf(captions.map((caption) => [startId, ...caption])),
    targetOutput: columnsOf(captions.map((caption) => [...caption, endId])),
  }));
}
