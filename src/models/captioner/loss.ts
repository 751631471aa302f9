import { crossEntropyRows } from '../../ops/crossEntropy.ts';
import { add, multiply, scale, sum } from '../../ops/elementwise.ts';
import { matmul } from '../../ops/matmul.ts';
import type { Random } from '../../tensor/random.ts';
import { expectShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { CaptionForward } from './state.ts';

export interface CaptionLossOptions {
  /** What hard attention samples with; without it, it looks at the most probable place. */
  readonly random?: Random;
  /** lambda: the weight of doubly stochastic attention (section 4.2.1); 0 by default. */
  readonly coverage?: number;
}

/** What a batch costs, and what REINFORCE (`reinforce` of heed/train) takes. */
export interface CaptionLoss {
  /**
   * 1/batch sum over the captions of -log p(y | a) + lambda sum_i (1 - sum_t alpha_ti)^2, eq. (14): the second term wants
   * every place to be looked at as much as the others over the whole caption. A scalar.
   */
  readonly loss: Tensor;
  /** [batch]: log p(y | a) of each caption, or, of hard attention, log p(y | choices, a): its reward. */
  readonly logLikelihoods: Float64Array;
  /** Words of each caption, `<eos>` counted: the steps that count. */
  readonly lengths: Int32Array;
  /** Of hard attention, step by step: ln of the probability of what was chosen, [batch, 1]. */
  readonly logProbabilities: readonly Tensor[];
  /** Of hard attention, step by step: the entropy of what was chosen from, [batch, 1]. */
  readonly entropies: readonly Tensor[];
}

/**
 * @param targets i32 [caption length, batch], padded with `paddingId`
 * @throws ShapeError; ArgumentError for a word that does not exist
 */
export function captionLoss(
  { logits, weights, choices }: CaptionForward,
  targets: Tensor,
  paddingId: number,
  { coverage = 0 }: CaptionLossOptions,
): CaptionLoss {
  const [time, batch, vocabulary] = logits.shape as readonly [number, number, number];
  expectShape('Captioner.loss', 'targetOutput', targets.shape, [time, batch]);
  const rows = time * batch;
  const ignored = { ignored: paddingId };
  const costs = crossEntropyRows(logits.reshape([rows, vocabulary]), targets.reshape([rows]), ignored);
  const real = Float32Array.from(targets.toArray(), (id) => (id === paddingId ? 0 : 1));
  const logLikelihoods = new Float64Array(batch);
  costs.toFloat32Array().forEach((cost, i) => {
    logLikelihoods[i % batch]! -= cost;
  });
  const lengths = new Int32Array(batch);
  real.forEach((counts, i) => {
    lengths[i % batch]! += counts;
  });
  const told = scale(sum(costs), 1 / batch);
  return {
    loss: coverage === 0 ? told : add(told, scale(unevenness(weights, real), coverage / batch)),
    logLikelihoods,
    lengths,
    logProbabilities: choices.map(({ logProbability }) => logProbability),
    entropies: choices.map(({ entropy }) => entropy),
  };
}

/**
 * sum_i (1 - sum_t alpha_ti)^2 over all captions.
 * @param weights [time, batch, places]
 * @param real [time * batch], 1 for steps that count and 0 for padding
 */
function unevenness(weights: Tensor, real: Float32Array): Tensor {
  const { runtime } = weights;
  const [time, batch, places] = weights.shape as readonly [number, number, number];
  const constant = (size: number, value: (i: number) => number): Tensor =>
    Tensor.from(
      runtime,
      Float32Array.from({ length: size }, (_, i) => value(i)),
    );
  const counted = constant(weights.size, (i) => real[Math.floor(i / places)]!).reshape(weights.shape);
  const seen = multiply(weights, counted).reshape([time, batch * places]);
  const total = matmul(constant(time, () => -1).reshape([1, time]), seen);
  const missing = add(total, constant(batch * places, () => 1).reshape(total.shape));
  return sum(multiply(missing, missing));
}
