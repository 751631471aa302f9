/** Scheduled sampling (Bengio et al. 2015): training on the model's own tokens as well as on the true ones. */
import { argmax } from '../../decode/greedy.ts';
import { sampleToken } from '../../decode/sample.ts';
import { ArgumentError } from '../../errors.ts';
import type { Random } from '../../tensor/random.ts';
import { Tensor } from '../../tensor/tensor.ts';

export interface ScheduledSampling {
  /**
   * Probability that a step after the first is fed the true token, for each row by itself; 1 by default. It is meant to
   * decay while training. No gradient passes through the choice.
   */
  readonly teacherForcing?: number;
  /** What it is fed otherwise: a draw from the model's softmax, or its most probable token; 'sampled' by default. */
  readonly prediction?: 'sampled' | 'most-probable';
  /** Where the draws come from; needed below 1. */
  readonly random?: Random;
}

/** Mixes a step's true tokens, i32 [batch], with those that the step before predicts, if there was one. */
export type TokenMixer = (truth: Tensor, logits: Tensor | undefined) => Tensor;

/**
 * What a step is fed; undefined where that is always the true token.
 * @throws ArgumentError for a probability outside [0, 1], an unknown prediction, or no generator
 */
export function tokenMixer(options: ScheduledSampling): TokenMixer | undefined {
  const { teacherForcing = 1, prediction = 'sampled', random } = options;
  if (!(teacherForcing >= 0 && teacherForcing <= 1)) {
    throw new ArgumentError(`Seq2Seq: teacherForcing must lie in [0, 1], got ${teacherForcing}`);
  }
  if (prediction !== 'sampled' && prediction !== 'most-probable') {
    throw new ArgumentError(
      `Seq2Seq: prediction must be sampled or most-probable, got ${String(prediction satisfies never)}`,
    );
  }
  if (teacherForcing === 1) return undefined;
  if (!random) throw new ArgumentError('Seq2Seq: teacherForcing below 1 needs random, a generator');
  return (truth, logits) => {
    if (!logits) return truth;
    const ids = truth.toArray();
    const values = logits.toFloat32Array();
    const vocabulary = values.length / ids.length;
    const mixed = ids.map((id, row) => {
      if (random.uniform() < teacherForcing) return id;
      const own = values.subarray(row * vocabulary, (row + 1) * vocabulary);
      return prediction === 'sampled' ? sampleToken(own, random.uniform()) : argmax(own);
    });
    return Tensor.from(truth.runtime, mixed, truth.shape, 'i32');
  };
}
