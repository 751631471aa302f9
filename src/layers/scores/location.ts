import { ArgumentError } from '../../errors.ts';
import { dotScore } from '../../ops/score.ts';
import { expectShape } from '../../tensor/shape.ts';
import type { CreateScore } from './score.ts';

/**
 * score_j = w_j · q: from the query alone (Luong 2015, eq. 7). Parameter `attn.weight` [maxKeys, querySize], whose row j
 * scores position j; only as many rows are used as the source has positions.
 */
export const location: CreateScore = (parameters, { querySize, maxKeys }) => {
  if (!(Number.isInteger(maxKeys) && maxKeys! > 0)) {
    throw new ArgumentError(`attention: location needs maxKeys, a positive integer, got ${maxKeys}`);
  }
  const weight = parameters.get('attn.weight', [maxKeys!, querySize], { bound: 1 / Math.sqrt(querySize) });
  return {
    prepareKeys(keys) {
      if (keys.shape[1]! > maxKeys!) {
        throw new ArgumentError(
          `attention: location scores sources of at most ${maxKeys} positions, got ${keys.shape[1]}`,
        );
      }
      return keys;
    },
    score(query, keys) {
      const [batch, positions] = keys.shape as readonly [number, number];
      expectShape('attention', 'query', query.shape, [batch, null, querySize]);
      const queries = query.shape[1]!;
      const rows = weight.slice(0, positions).reshape([1, positions, querySize]);
      const scores = dotScore(query.reshape([1, batch * queries, querySize]), rows);
      return scores.reshape([batch, queries, positions]);
    },
    dispose() {
      weight.dispose();
    },
  };
};
