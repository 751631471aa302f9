import type { AttentionMemory, AttentionRead } from '../../layers/attention.ts';
import type { Decoding } from '../../layers/decoder.ts';
import type { LSTMState } from '../../ops/recurrence.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Images that were looked at, and the decoder as it stands. */
export interface Seen extends Decoding<AttentionMemory> {
  /** Each [batch, decoderHidden]. */
  readonly state: LSTMState;
}

/** All steps under teacher forcing. */
export interface CaptionForward {
  /** [caption length, batch, vocabulary] */
  readonly logits: Tensor;
  /** alpha: [caption length, batch, rows * columns]; of hard attention, what was sampled from. */
  readonly weights: Tensor;
  /** Of hard attention, step by step: what was chosen. */
  readonly choices: readonly NonNullable<AttentionRead['hard']>[];
}
