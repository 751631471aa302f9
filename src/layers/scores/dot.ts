import { ArgumentError } from '../../errors.ts';
import { dotScore } from '../../ops/score.ts';
import type { CreateScore, Score, ScoreConfig } from './score.ts';

/** q · k (Luong 2015, eq. 8 "dot"). */
export const dot: CreateScore = (_, config) => scaledBy(1, 'dot', config);

/** q · k / sqrt(size) (Vaswani 2017, eq. 1). */
export const scaledDot: CreateScore = (_, config) =>
  scaledBy(1 / Math.sqrt(config.keySize), 'scaled-dot', config);

function scaledBy(factor: number, name: string, config: ScoreConfig): Score {
  expectEqualSizes(name, config);
  return {
    prepareKeys: (keys) => keys,
    score: (query, keys) => dotScore(query, keys, factor),
    dispose() {},
  };
}

/** @throws ArgumentError */
export function expectEqualSizes(name: string, { querySize, keySize }: ScoreConfig): void {
  if (querySize !== keySize) {
    throw new ArgumentError(
      `attention: ${name} needs equal sizes, got querySize ${querySize} and keySize ${keySize}`,
    );
  }
}
