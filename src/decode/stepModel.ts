/**
 * All that a decoder knows of a model. Rows are hypotheses; at first one for each of the model's items.
 * States are values: a step returns a new one, and the decoder releases those it no longer needs.
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
