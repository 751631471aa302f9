import type { StepModel } from '../decode/stepModel.ts';

/** What may and must be written, whatever the model thinks. */
export interface WritingRules {
  readonly startId: number;
  readonly endId: number;
  /** Never written. */
  readonly suppressed: readonly number[];
  readonly forcedFirstId?: number;
  /** Written where the length ends a text. */
  readonly forcedLastId?: number;
  /** Whether what remains is scaled to a sum of 1 again. */
  readonly renormalize: boolean;
}

/** A model that keeps to rules. All its rows are equally long, as decoders have them. */
export class RuledStepModel<State> implements StepModel<State> {
  readonly items: number;
  readonly vocabulary: number;
  readonly startId: number;
  readonly endId: number;
  readonly #model: StepModel<State>;
  readonly #rules: WritingRules;
  readonly #maxLength: number;
  #length = 0;

  constructor(model: StepModel<State>, rules: WritingRules, maxLength: number) {
    this.items = model.items;
    this.vocabulary = model.vocabulary;
    this.startId = rules.startId;
    this.endId = rules.endId;
    this.#model = model;
    this.#rules = rules;
    this.#maxLength = maxLength;
  }

  start(): State {
    this.#length = 0;
    return this.#model.start();
  }

  step(state: State, previous: Int32Array): ReturnType<StepModel<State>['step']> {
    const next = this.#model.step(state, previous);
    this.#length++;
    const { vocabulary } = this;
    for (let from = 0; from < next.logProbabilities.length; from += vocabulary) {
      this.#apply(next.logProbabilities.subarray(from, from + vocabulary));
    }
    return next;
  }

  #apply(row: Float32Array): void {
    const { suppressed, forcedFirstId, forcedLastId, renormalize } = this.#rules;
    const forced =
      (this.#length === this.#maxLength ? forcedLastId : undefined) ??
      (this.#length === 1 ? forcedFirstId : undefined);
    if (forced !== undefined) {
      row.fill(Number.NEGATIVE_INFINITY);
      row[forced] = 0;
      return;
    }
    for (const id of suppressed) row[id] = Number.NEGATIVE_INFINITY;
    if (!renormalize) return;
    const total = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
    for (let id = 0; id < row.length; id++) row[id]! -= total;
  }

  select(state: State, rows: Int32Array, itemsChanged: boolean): State {
    return this.#model.select(state, rows, itemsChanged);
  }

  release(state: State, kept?: State): void {
    this.#model.release(state, kept);
  }
}
