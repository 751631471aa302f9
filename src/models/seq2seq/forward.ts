/** What `Seq2Seq.forward` and `Seq2Seq.loss` take and give. */
import type { HardChoice } from '../../layers/hardChoice.ts';
import type { Random } from '../../tensor/random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { ScheduledSampling } from './scheduledSampling.ts';

export interface Seq2SeqForwardOptions extends ScheduledSampling {
  /** Where dropout gets its seeds, hard attention its positions and scheduled sampling its draws; none without it. */
  readonly random?: Random;
}

export interface Seq2SeqLossOptions extends Seq2SeqForwardOptions {
  /** Share of the target's probability spread over the vocabulary, in [0, 1]; 0 by default. */
  readonly labelSmoothing?: number;
  /** What the summed loss is divided by; the number of real target tokens by default. */
  readonly divisor?: number;
}

/** What a whole target gives; time first. */
export interface Seq2SeqResult {
  /** [target length, batch, target vocabulary] */
  readonly logits: Tensor;
  /** [target length, batch, 1, source length]; source length 0 from a decoder without attention. */
  readonly weights: Tensor;
  /** Of hard attention: each step's choice, [batch, 1]. */
  readonly choices: readonly HardChoice[];
}

/** What a whole target costs, token by token. */
export interface Seq2SeqTokenLosses extends Seq2SeqResult {
  /** [target length, batch]: cross-entropies, -ln p(y_t); 0 for padding. */
  readonly losses: Tensor;
  /** Tokens of each target, `<eos>` counted. */
  readonly lengths: readonly number[];
}
