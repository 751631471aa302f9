import { ArgumentError } from '../errors.ts';

/**
 * All that a decoder knows of a model. Rows are hypotheses; at first one for each of the model's items.
 * States are values: a step returns a new one, and the decoder releases those it no longer needs. A step or a selection
 * may also change the state it is given and return that: the decoder uses only what it got last.
 */
export interface StepModel<State> {
  /** How many sequences are decoded side by side. */
  readonly items: number;
  readonly vocabulary: number;
  /** The token fed at the first step. */
  readonly startId: number;
  /** The token that ends a hypothesis. */
  readonly endId: number;
  /** The state before the first token, one row for each item. */
  start(): State;
  /**
   * Feeds one token to each row.
   * @returns log-probabilities [rows, vocabulary] of the next token; attention [rows, source length]
   */
  step(
    state: State,
    previous: Int32Array,
  ): { state: State; logProbabilities: Float32Array; attention: Float32Array };
  /**
   * Rows `rows[i]` of the state, in that order, repeats allowed.
   * @param itemsChanged false where row i still belongs to the same item as before
   */
  select(state: State, rows: Int32Array, itemsChanged: boolean): State;
  /** Frees a state, except what `kept` shares with it. */
  release(state: State, kept?: State): void;
}

/**
 * Tokens, the end token counted, after which a hypothesis is cut: one limit for all items, or one for each.
 */
export type MaxLength = number | readonly number[];

/** The limit of each item. @throws ArgumentError unless each is a positive integer */
export function limitsOf(where: string, maxLength: MaxLength, items: number): readonly number[] {
  const limits = typeof maxLength === 'number' ? new Array<number>(items).fill(maxLength) : maxLength;
  if (limits?.length !== items) {
    throw new ArgumentError(
      `${where}: maxLength must be a number or ${items} numbers, got ${limits?.length ?? limits}`,
    );
  }
  for (const limit of typeof maxLength === 'number' ? [maxLength] : limits) {
    if (!(Number.isInteger(limit) && limit > 0)) {
      throw new ArgumentError(`${where}: maxLength must be a positive integer, got ${limit}`);
    }
  }
  return limits;
}

/** A decoded sequence. */
export interface Hypothesis {
  /** Tokens without start and end. */
  readonly ids: readonly number[];
  /** Sum of the tokens' log-probabilities, the end token's included. */
  readonly logProbability: number;
  /** What hypotheses are ranked by: logProbability over the length penalty. */
  readonly score: number;
  /** Attention weights of each token, the end token's last where it ended: each [source length]. */
  readonly attention: readonly Float32Array[];
  /** Whether the end token was written before the length limit. */
  readonly ended: boolean;
}
