import { linear } from '../../ops/linear.ts';
import { dotScore } from '../../ops/score.ts';
import { disposeWeight } from '../../ops/weight.ts';
import type { CreateScore } from './score.ts';

/** q^T W k (Luong 2015, eq. 8 "general"). Parameter `attn.weight` [querySize, keySize]. */
export const general: CreateScore = (parameters, { querySize, keySize }) => {
  // W k once for each source position, rather than W^T q at each step.
  const weight = parameters.weight('attn.weight', [querySize, keySize], { bound: 1 / Math.sqrt(keySize) });
  return {
    prepareKeys: (keys) => linear(keys, weight),
    score: (query, keys) => dotScore(query, keys),
    dispose() {
      disposeWeight(weight);
    },
  };
};
