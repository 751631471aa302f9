/** Training a model whose attention chooses one position at a time (Xu 2015, section 4.1). */
import { ArgumentError } from '../errors.ts';
import { add } from '../ops/elementwise.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type MovingBaseline, type ReinforceOptions, reinforce } from './reinforce.ts';

/** What `Seq2Seq.hardLoss` and `Captioner.hardLoss` give. */
export interface HardAttentionCost {
  /** -1/batch sum over the items of log p(y | choices). A scalar. */
  readonly loss: Tensor;
  /** [batch]: log p(y | choices) of each item. */
  readonly logLikelihoods: ArrayLike<number>;
  /** Choices of each item that count. */
  readonly lengths: ArrayLike<number>;
  /** Of the choices, step by step, [batch, 1]. */
  readonly logProbabilities: readonly Tensor[];
  /** Of what they were chosen from, step by step, [batch, 1]. */
  readonly entropies: readonly Tensor[];
}

export interface HardAttentionOptions extends Pick<ReinforceOptions, 'rewardWeight' | 'entropyWeight'> {
  /** Takes in the batch's rewards after they have been compared with it. */
  readonly baseline: MovingBaseline;
}

/**
 * Xu 2015, eq. 12: -1/batch sum_items [log p(y | choices) + lambda_r (log p(y | choices) - b) log p(choices) + lambda_e H],
 * with one sample of the choices, whose reward is the log-likelihood of what was to be written. With lambda_r = 1, its
 * gradient is on average that of -1/batch sum_items E[log p(y | choices)].
 * @returns a scalar
 * @throws ArgumentError for a model that made no choices, its attention being soft
 */
export function hardAttentionLoss(
  { loss, logLikelihoods: rewards, ...choices }: HardAttentionCost,
  { baseline, ...weights }: HardAttentionOptions,
): Tensor {
  if (choices.logProbabilities.length === 0) {
    throw new ArgumentError('hardAttentionLoss: the model made no choices: its attention must be hard');
  }
  const learned = reinforce({ ...choices, ...weights, rewards, baseline: baseline.value });
  baseline.update(rewards);
  return add(loss, learned);
}
