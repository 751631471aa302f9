import type { Tensor } from '../../tensor/tensor.ts';
import type { Parameters } from '../parameters.ts';

/** What a score function is made for. Each takes of it what it needs. */
export interface ScoreConfig {
  readonly querySize: number;
  readonly keySize: number;
  /** Width of the comparison, for `additive` and `concat`; querySize by default. */
  readonly attentionSize?: number;
  /** Whether there is a bias inside the tanh, for `additive` and `concat`; false by default. */
  readonly bias?: boolean;
  /** What `cosine` is multiplied by, a number or one that is learned; 1 by default. */
  readonly strength?: number | 'learned';
  /** Longest source that `location` can score. It has no default. */
  readonly maxKeys?: number;
}

/** A score function with its parameters. */
export interface Score {
  /**
   * What can be computed of the keys before the queries are known.
   * @param keys [batch, keys, keySize]
   * @returns [batch, keys, any size]
   */
  prepareKeys(keys: Tensor): Tensor;
  /**
   * @param query [batch, queries, querySize]
   * @param keys as prepared
   * @returns [batch, queries, keys]
   * @throws ShapeError
   */
  score(query: Tensor, keys: Tensor): Tensor;
  dispose(): void;
}

/** Makes a score function, asking for its parameters. @throws ArgumentError for sizes it cannot compare */
export type CreateScore = (parameters: Parameters, config: ScoreConfig) => Score;
