/** Training a model whose attention chooses one position at a time (Xu 2015, section 4.1). */
import { ArgumentError } from '../errors.ts';
import type { HardChoice } from '../layers/hardChoice.ts';
import { add, scale, sum } from '../ops/elementwise.ts';
import type { Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type MovingBaseline, type ReinforceOptions, reinforce } from './reinforce.ts';

/** A model that says what each token costs, and what was chosen to write it. */
export interface HardAttentionModel<Batch> {
  tokenLosses(
    batch: Batch,
    options: { random: Random },
  ): {
    /** [target length, batch] */
    readonly losses: Tensor;
    /** Of each step, [batch, 1]. */
    readonly choices: readonly HardChoice[];
    /** Tokens of each target. */
    readonly lengths: readonly number[];
  };
}

export interface HardAttentionOptions extends Pick<ReinforceOptions, 'rewardWeight' | 'entropyWeight'> {
  /** What the positions are sampled with. */
  readonly random: Random;
  /** Takes in the batch's rewards after they have been compared with it. */
  readonly baseline: MovingBaseline;
}

/**
 * Xu 2015, eq. 12: -1/batch sum_items [log p(y | choices) + lambda_r (log p(y | choices) - b) log p(choices) + lambda_e H],
 * with one sample of the choices, whose reward is the log-likelihood of the whole target. With lambda_r = 1, its gradient is
 * on average that of -1/batch sum_items E[log p(y | choices)].
 * @returns a scalar; ArgumentError from a model whose attention is not hard
 */
export function hardAttentionLoss<Batch>(
  model: HardAttentionModel<Batch>,
  batch: Batch,
  { random, baseline, ...weights }: HardAttentionOptions,
): Tensor {
  const { losses, choices, lengths } = model.tokenLosses(batch, { random });
  if (choices.length === 0) {
    throw new ArgumentError('hardAttentionLoss: the model made no choices: its attention must be hard');
  }
  const rewards = new Array<number>(lengths.length).fill(0);
  losses.toFloat32Array().forEach((loss, i) => {
    rewards[i % lengths.length]! -= loss;
  });
  const chosen = reinforce({
    ...weights,
    rewards,
    baseline: baseline.value,
    logProbabilities: choices.map(({ logProbability }) => logProbability),
    entropies: choices.map(({ entropy }) => entropy),
    lengths,
  });
  baseline.update(rewards);
  return add(scale(sum(losses), 1 / lengths.length), chosen);
}
