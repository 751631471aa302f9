/** What `Seq2Seq.forward` and `Seq2Seq.loss` take and give. */
import type { HardChoice } from '../../layers/hardChoice.ts';
import { crossEntropyRows } from '../../ops/crossEntropy.ts';
import { scale, sum } from '../../ops/elementwise.ts';
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

/** What a batch costs, and what REINFORCE takes: see `hardAttentionLoss` of heed/train. */
export interface Seq2SeqHardLoss {
  /** -1/batch sum over the items of log p(y | choices). A scalar. */
  readonly loss: Tensor;
  /** [batch]: log p(y | choices) of each item, its reward. */
  readonly logLikelihoods: Float64Array;
  /** Tokens of each target, `<eos>` counted: the steps that count. */
  readonly lengths: Int32Array;
  /** Step by step: ln of the probability of what was chosen, [batch, 1]; empty without hard attention. */
  readonly logProbabilities: readonly Tensor[];
  /** Step by step: the entropy of what was chosen from, [batch, 1]. */
  readonly entropies: readonly Tensor[];
}

/** @param targets i32 [target length, batch] */
export function hardLoss(
  { logits, choices }: Seq2SeqResult,
  targets: Tensor,
  ignored: number,
): Seq2SeqHardLoss {
  const batch = targets.shape[1]!;
  const costs = crossEntropyRows(flat(logits), flat(targets), { ignored });
  const logLikelihoods = new Float64Array(batch);
  costs.toFloat32Array().forEach((cost, i) => {
    logLikelihoods[i % batch]! -= cost;
  });
  const lengths = new Int32Array(batch);
  targets.toArray().forEach((id, i) => {
    lengths[i % batch]! += Number(id !== ignored);
  });
  return {
    loss: scale(sum(costs), 1 / batch),
    logLikelihoods,
    lengths,
    logProbabilities: choices.map(({ logProbability }) => logProbability),
    entropies: choices.map(({ entropy }) => entropy),
  };
}

/** [time, batch, ...] as [time * batch, ...]. */
export function flat(x: Tensor): Tensor {
  const [time, batch, ...rest] = x.shape as readonly [number, number, ...number[]];
  return x.reshape([time * batch, ...rest]);
}
