/** Stochastic "hard" attention (Xu 2015, section 4.1). */

import { crossEntropyRows } from '../ops/crossEntropy.ts';
import { scale } from '../ops/elementwise.ts';
import { entropy } from '../ops/entropy.ts';
import { weightedSum } from '../ops/score.ts';
import { logSoftmax } from '../ops/softmax.ts';
import type { Random } from '../tensor/random.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Alignment } from './reach.ts';

/** One position for each query, and what REINFORCE needs to learn from the choice. */
export interface HardChoice {
  /** i32 [batch, queries]; -1 where there was none to choose from (or the weights were NaN). */
  readonly choice: Tensor;
  /** [batch, queries]: ln of the chosen position's weight, differentiable; 0 where there was no choice. */
  readonly logProbability: Tensor;
  /** [batch, queries]: of the weights, in nats, differentiable. */
  readonly entropy: Tensor;
}

/**
 * Samples a position from each row of weights or, without a generator, takes the most probable one (the first of equals).
 * @param scores [batch, queries, keys], which the weights are a softmax of
 * @param values [batch, keys, size]
 * @returns the choice, and the values chosen: context [batch, queries, size], zeros where there was no choice
 */
export function choosePosition(
  scores: Tensor,
  { weights, mask }: Alignment,
  values: Tensor,
  random?: Random,
): { context: Tensor; hard: HardChoice } {
  const { runtime } = weights;
  const [batch, queries, keys] = weights.shape as readonly [number, number, number];
  const rows = batch * queries;
  const probabilities = weights.toFloat32Array();
  const chosen = new Float32Array(rows * keys);
  const choices = Array.from({ length: rows }, (_, row) => {
    const distribution = probabilities.subarray(row * keys, (row + 1) * keys);
    const choice = random ? sample(distribution, random) : mostProbable(distribution);
    if (choice >= 0) chosen[row * keys + choice] = 1;
    return choice;
  });
  const choice = Tensor.from(runtime, choices, [rows], 'i32');
  const logs = logSoftmax(scores, mask).reshape([rows, keys]);
  return {
    context: weightedSum(Tensor.from(runtime, chosen, weights.shape), values),
    hard: {
      choice: choice.reshape([batch, queries]),
      logProbability: scale(crossEntropyRows(logs, choice, { ignored: -1 }), -1).reshape([batch, queries]),
      entropy: entropy(weights),
    },
  };
}

/** An index drawn with these probabilities; -1 where they add up to nothing. */
function sample(distribution: Float32Array, random: Random): number {
  const total = distribution.reduce((a, b) => a + b, 0);
  let left = random.uniform() * total;
  let last = -1;
  for (let j = 0; j < distribution.length; j++) {
    if (!(distribution[j]! > 0)) continue;
    last = j;
    left -= distribution[j]!;
    if (left < 0) break;
  }
  return last;
}

/** The index of the largest; -1 where none is positive. */
function mostProbable(distribution: Float32Array): number {
  let best = -1;
  for (let j = 0; j < distribution.length; j++) {
    if (distribution[j]! > (distribution[best] ?? 0)) best = j;
  }
  return best;
}
