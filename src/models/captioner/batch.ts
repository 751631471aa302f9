import type { Runtime } from '../../runtime/runtime.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { padRows } from '../seq2seq/batch.ts';
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
  const timeFirst = (rows: readonly (readonly number[])[]): Tensor => {
    const { ids } = padRows(rows, paddingId);
    const time = ids.length / Math.max(1, rows.length);
    const turned = ids.map((_, i) => ids[(i % rows.length) * time + Math.floor(i / rows.length)]!);
    return Tensor.from(runtime, turned, [time, rows.length], 'i32');
  };
  return runtime.scope(() => ({
    images,
    targetInput: timeFirst(captions.map((caption) => [startId, ...caption])),
    targetOutput: timeFirst(captions.map((caption) => [...caption, endId])),
  }));
}
