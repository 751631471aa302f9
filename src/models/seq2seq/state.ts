import type { AttentionMemory } from '../../layers/attention.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** The decoder between two steps; all [batch, decoderHidden]. */
export interface DecoderState {
  readonly hidden: Tensor;
  readonly cell: Tensor;
  /** h~: the attentional vector that is fed into the next step. */
  readonly attentional: Tensor;
}

/** A source that was read, and the decoder as it starts. */
export interface Encoded {
  readonly memory: AttentionMemory;
  readonly state: DecoderState;
}
