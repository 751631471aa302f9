import type { Hypothesis, StepModel } from './stepModel.ts';

/**
 * Writes hypotheses side by side, each on its own; those that have ended are dropped from the batch. What greedy
 * decoding and sampling share.
 * @param limits tokens after which each hypothesis is cut; one entry or several, in a row, for each of the model's items
 * @param choose the next token of a hypothesis, given its log-probabilities [vocabulary]
 */
export function decodeRows<State>(
  model: StepModel<State>,
  limits: readonly number[],
  choose: (logProbabilities: Float32Array, hypothesis: number) => number,
): Hypothesis[] {
  const results = limits.map(() => ({
    ids: [] as number[],
    logProbability: 0,
    attention: [] as Float32Array[],
    ended: false,
  }));
  if (results.length === 0) return [];
  const { vocabulary, items } = model;
  let live = results.map((_, hypothesis) => hypothesis);
  let state = model.start();
  const keep = (rows: readonly number[]): void => {
    const selected = model.select(state, Int32Array.from(rows), true);
    model.release(state, selected);
    state = selected;
  };
  try {
    const copies = results.length / items;
    if (copies > 1) keep(live.map((hypothesis) => Math.floor(hypothesis / copies)));
    let previous: Int32Array = new Int32Array(live.length).fill(model.startId);
    for (let length = 1; ; length++) {
      const next = model.step(state, previous);
      model.release(state, next.state);
      state = next.state;
      const sourceLength = next.attention.length / live.length;
      const rows: number[] = [];
      previous = Int32Array.from(live, (hypothesis, row) => {
        const result = results[hypothesis]!;
        const logProbabilities = next.logProbabilities.subarray(row * vocabulary, (row + 1) * vocabulary);
        const id = choose(logProbabilities, hypothesis);
        result.logProbability += logProbabilities[id]!;
        result.attention.push(next.attention.slice(row * sourceLength, (row + 1) * sourceLength));
        if (id === model.endId) result.ended = true;
        else {
          result.ids.push(id);
          if (length < limits[hypothesis]!) rows.push(row);
        }
        return id;
      });
      if (rows.length === 0) break;
      if (rows.length < live.length) {
        keep(rows);
        live = rows.map((row) => live[row]!);
        previous = Int32Array.from(rows, (row) => previous[row]!);
      }
    }
  } finally {
    model.release(state);
  }
  return results.map((result) => ({ ...result, score: result.logProbability }));
}
