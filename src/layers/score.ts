/** The score functions by name. To add one: a file in scores/, and a line here. */
import { ArgumentError } from '../errors.ts';
import type { Parameters } from './parameters.ts';
import { additive } from './scores/additive.ts';
import { concat } from './scores/concat.ts';
import { cosine } from './scores/cosine.ts';
import { dot, scaledDot } from './scores/dot.ts';
import { general } from './scores/general.ts';
import { location } from './scores/location.ts';
import type { CreateScore, Score, ScoreConfig } from './scores/score.ts';

const registry = {
  dot,
  'scaled-dot': scaledDot,
  general,
  additive,
  concat,
  cosine,
  location,
} satisfies Readonly<Record<string, CreateScore>>;

/**
 * How a query is compared with a key:
 * - `dot`: q · k (sizes must be equal)
 * - `scaled-dot`: q · k / sqrt(size)
 * - `general`: q^T W k
 * - `additive`: v · tanh(W_q q + W_k k)
 * - `concat`: v · tanh(W [q; k]), the same with one matrix
 * - `cosine`: strength * cos(q, k)
 * - `location`: w_j · q, whatever the key
 *
 * What parameters each has stands in its file in scores/.
 */
export type ScoreFunction = keyof typeof registry;

/** All of them. */
export const scoreFunctions = Object.keys(registry) as readonly ScoreFunction[];

/** @throws ArgumentError for an unknown score, or sizes it cannot compare */
export function createScore(name: ScoreFunction, parameters: Parameters, config: ScoreConfig): Score {
  if (!Object.hasOwn(registry, name)) {
    throw new ArgumentError(
      `attention: score must be one of ${scoreFunctions.join(', ')}, got ${String(name)}`,
    );
  }
  return registry[name](parameters, config);
}
