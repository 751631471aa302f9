import { ArgumentError } from '../../errors.ts';
import { l2Normalize } from '../../ops/normalize.ts';
import { dotScore, weightedSum } from '../../ops/score.ts';
import { expectEqualSizes } from './dot.ts';
import type { CreateScore } from './score.ts';

/**
 * strength * cos(q, k): content-based addressing (Graves 2014, eq. 5 and 6). The strength is a number, or the parameter
 * `attn.strength` [1], which begins at 1. A vector of zeros scores 0, and gets no gradient.
 */
export const cosine: CreateScore = (parameters, config) => {
  expectEqualSizes('cosine', config);
  const { strength = 1 } = config;
  if (strength !== 'learned' && !Number.isFinite(strength)) {
    throw new ArgumentError(`attention: strength must be a finite number or learned, got ${strength}`);
  }
  const learned = strength === 'learned' ? parameters.get('attn.strength', [1], { value: 1 }) : undefined;
  return {
    prepareKeys: l2Normalize,
    score(query, keys) {
      const cosines = dotScore(l2Normalize(query), keys, learned ? 1 : Number(strength));
      if (!learned) return cosines;
      // A product with a scalar is a sum of one term.
      return weightedSum(cosines.reshape([1, cosines.size, 1]), learned.reshape([1, 1, 1])).reshape(
        cosines.shape,
      );
    },
    dispose() {
      learned?.dispose();
    },
  };
};
