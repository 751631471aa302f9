/** Learning from sampled choices: REINFORCE (Williams 1992) as Xu 2015, eq. 11 and 12, trains hard attention with it. */
import { ArgumentError, ShapeError } from '../errors.ts';
import { add, multiply, sum } from '../ops/elementwise.ts';
import { describe, type Shape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

/**
 * What rewards are expected to be: b <- decay b + (1 - decay) r for each batch's mean reward r. It must not know the rewards
 * it is taken from: update it after the loss is made.
 */
export class MovingBaseline {
  value: number;
  readonly decay: number;

  /**
   * @param decay Xu's 0.9 by default
   * @param value to begin with; 0 by default
   * @throws ArgumentError for a decay outside [0, 1)
   */
  constructor(decay = 0.9, value = 0) {
    if (!(decay >= 0 && decay < 1)) {
      throw new ArgumentError(`MovingBaseline: decay must lie in [0, 1), got ${decay}`);
    }
    this.decay = decay;
    this.value = value;
  }

  /** Takes in the rewards of a batch, one for each item; of none, nothing. */
  update(rewards: ArrayLike<number>): void {
    if (rewards.length === 0) return;
    const mean = Array.from(rewards).reduce((a, b) => a + b, 0) / rewards.length;
    this.value = this.decay * this.value + (1 - this.decay) * mean;
  }
}

export interface ReinforceOptions {
  /** One for each item of the batch; higher is better. Xu's is log p(y | choices). */
  readonly rewards: ArrayLike<number>;
  /** What the rewards are compared with: `MovingBaseline.value`. 0 by default. */
  readonly baseline?: number;
  /** Of the choices, step after step, each [batch] or [batch, queries]: `hard.logProbability` of what attention reads. */
  readonly logProbabilities: readonly Tensor[];
  /** Of the distributions that were chosen from, in the same shapes. None by default. */
  readonly entropies?: readonly Tensor[];
  /** Choices of each item that count, the first ones; all by default. Steps past an item's end are no choices of its own. */
  readonly lengths?: ArrayLike<number>;
  /** lambda_r: weight of the reward; 1 by default. */
  readonly rewardWeight?: number;
  /** lambda_e: bonus for entropy, which keeps the choices open; 0 by default. */
  readonly entropyWeight?: number;
}

/**
 * A loss whose gradient estimates that of minus the expected reward by the choices' parameters:
 *
 *   -1/batch sum_items [lambda_r (reward - baseline) sum_steps log p(choice) + lambda_e sum_steps H]
 *
 * Add it to the loss that the choices lead to (Xu's -log p(y | choices), whose own gradient is the other term of eq. 12).
 * @returns a scalar; rewards and baseline are constants in it
 * @throws ShapeError where a first axis is not the batch, ArgumentError for no step, or rewards that are not finite
 */
export function reinforce(options: ReinforceOptions): Tensor {
  const { rewards, baseline = 0, logProbabilities, entropies = [] } = options;
  const { lengths, rewardWeight = 1, entropyWeight = 0 } = options;
  const batch = rewards.length;
  if (logProbabilities.length === 0) throw new ArgumentError('reinforce: logProbabilities holds no step');
  const advantages = Array.from(rewards, (reward) => rewardWeight * (reward - baseline));
  if (!(advantages.every(Number.isFinite) && Number.isFinite(entropyWeight))) {
    throw new ArgumentError('reinforce: rewards, baseline, rewardWeight and entropyWeight must be finite');
  }
  if (lengths && lengths.length !== batch) {
    throw new ShapeError(`reinforce: lengths must be ${batch}, as rewards, got ${lengths.length}`);
  }
  for (const tensor of [...logProbabilities, ...entropies]) expectItems(tensor.shape, batch);
  const terms = weighted(logProbabilities, advantages, lengths);
  if (entropyWeight !== 0) {
    terms.push(...weighted(entropies, new Array(batch).fill(entropyWeight), lengths));
  }
  return terms.reduce(add);
}

/** -1/batch sum of factors[item] x, for each step's tensor. */
function weighted(
  steps: readonly Tensor[],
  factors: readonly number[],
  lengths: ArrayLike<number> | undefined,
): Tensor[] {
  let before = 0;
  return steps.map((step) => {
    const queries = step.shape[1] ?? 1;
    const values = Float32Array.from({ length: step.size }, (_, i) => {
      const item = Math.floor(i / queries);
      const counts = !lengths || before + (i % queries) < lengths[item]!;
      return counts ? -factors[item]! / factors.length : 0;
    });
    before += queries;
    return sum(multiply(step, Tensor.from(step.runtime, values, step.shape)));
  });
}

function expectItems(shape: Shape, batch: number): void {
  if ((shape.length === 1 || shape.length === 2) && shape[0] === batch) return;
  throw new ShapeError(
    `reinforce: steps must be [${batch}] or [${batch}, *], as many as rewards, got ${describe(shape)}`,
  );
}
