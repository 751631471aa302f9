/** A StepModel whose log-probabilities are a function of the item and the tokens so far; it counts its states. */
import { expect } from 'vitest';
import type { Hypothesis, StepModel } from '../../src/decode/stepModel.ts';
import { seededRandom } from '../support/random.ts';

/** Log-probabilities of the next token, by item and tokens so far. */
export type Table = (item: number, tokens: readonly number[]) => Float32Array;

interface Row {
  readonly item: number;
  readonly tokens: readonly number[];
}

interface State {
  readonly rows: readonly Row[];
}

/** Log-softmax of random logits; a share of the tokens is impossible (but never all). */
export function randomTable(seed: number, vocabulary: number, impossible = 0): Table {
  return (item, tokens) => {
    const key = tokens.reduce((hash, token) => Math.imul(hash ^ (token + 1), 0x01000193), seed * 7919 + item);
    const random = seededRandom(key);
    const logits = Array.from({ length: vocabulary }, () => 1.5 * random.normal());
    const sure = random.integer(0, vocabulary - 1);
    const masked = logits.map((logit, id) =>
      id !== sure && random.uniform() < impossible ? -Infinity : logit,
    );
    const total = masked.reduce((sum, logit) => sum + Math.exp(logit), 0);
    return Float32Array.from(masked, (logit) => logit - Math.log(total));
  };
}

/** Attention rows are [item, tokens so far]. */
export class TableModel implements StepModel<State> {
  readonly items: number;
  readonly vocabulary: number;
  readonly startId: number;
  readonly endId: number;
  steps = 0;
  /** Throws in this step, counted from 1. */
  failAt = 0;
  readonly #table: Table;
  readonly #live = new Set<State>();
  readonly #firstItem: number;

  constructor(table: Table, size: { items: number; vocabulary: number; endId?: number; firstItem?: number }) {
    this.items = size.items;
    this.vocabulary = size.vocabulary;
    this.startId = size.vocabulary;
    this.endId = size.endId ?? 0;
    this.#firstItem = size.firstItem ?? 0;
    this.#table = table;
  }

  /** States that were made and not released. */
  get live(): number {
    return this.#live.size;
  }

  start(): State {
    return this.#made(
      Array.from({ length: this.items }, (_, i) => ({ item: this.#firstItem + i, tokens: [] })),
    );
  }

  step(state: State, previous: Int32Array) {
    expect(this.#live.has(state), 'step of a released state').toBe(true);
    expect(previous.length).toBe(state.rows.length);
    if (++this.steps === this.failAt) throw new Error('no more steps');
    const rows = state.rows.map(({ item, tokens }, row) => {
      const id = previous[row]!;
      expect(id === this.startId).toBe(this.steps === 1);
      expect(id).not.toBe(this.endId);
      return { item, tokens: id === this.startId ? tokens : [...tokens, id] };
    });
    const logProbabilities = new Float32Array(rows.length * this.vocabulary);
    rows.forEach(({ item, tokens }, row) => {
      logProbabilities.set(this.#table(item, tokens), row * this.vocabulary);
    });
    const attention = Float32Array.from(rows.flatMap(({ item, tokens }) => [item, tokens.length]));
    return { state: this.#made(rows), logProbabilities, attention };
  }

  select(state: State, rows: Int32Array, itemsChanged: boolean): State {
    expect(this.#live.has(state), 'select from a released state').toBe(true);
    const selected = Array.from(rows, (row) => state.rows[row]!);
    const same =
      selected.length === state.rows.length && selected.every(({ item }, i) => item === state.rows[i]!.item);
    if (!itemsChanged) expect(same).toBe(true);
    return this.#made(selected);
  }

  release(state: State): void {
    expect(this.#live.delete(state), 'release of a state that is not live').toBe(true);
  }

  #made(rows: readonly Row[]): State {
    const state = { rows };
    this.#live.add(state);
    return state;
  }
}

/** Every sequence there is, ended or cut at maxLength, with its log-probability; impossible ones left out. */
export function enumerate(
  table: Table,
  item: number,
  { vocabulary, maxLength, endId = 0 }: { vocabulary: number; maxLength: number; endId?: number },
  penalty: (length: number) => number = () => 1,
): Omit<Hypothesis, 'attention'>[] {
  const found: Omit<Hypothesis, 'attention'>[] = [];
  const visit = (ids: readonly number[], before: number): void => {
    const next = table(item, ids);
    const length = ids.length + 1;
    for (let id = 0; id < vocabulary; id++) {
      const logProbability = before + next[id]!;
      const ended = id === endId;
      if (logProbability === -Infinity) continue;
      const written = ended ? ids : [...ids, id];
      if (!ended && length < maxLength) visit(written, logProbability);
      else found.push({ ids: written, logProbability, score: logProbability / penalty(length), ended });
    }
  };
  visit([], 0);
  return found.sort((a, b) => b.score - a.score);
}
