import { type Hypothesis, limitsOf, type MaxLength, type StepModel } from './stepModel.ts';

/**
 * Decodes each item by its most probable token at every step. Items that have ended are dropped from the batch.
 * @throws ArgumentError unless maxLength is a positive integer, or one for each item
 */
export function greedyDecode<State>(model: StepModel<State>, maxLength: MaxLength): Hypothesis[] {
  const limits = limitsOf('greedyDecode', maxLength, model.items);
  const results = Array.from({ length: model.items }, () => ({
    ids: [] as number[],
    logProbability: 0,
    attention: [] as Float32Array[],
    ended: false,
  }));
  let live = results.map((_, item) => item);
  if (live.length === 0) return [];
  let state = model.start();
  let previous: Int32Array = new Int32Array(live.length).fill(model.startId);
  try {
    for (let length = 1; ; length++) {
      const next = model.step(state, previous);
      model.release(state, next.state);
      state = next.state;
      const sourceLength = next.attention.length / live.length;
      previous = argmaxRows(next.logProbabilities, live.length, model.vocabulary);
      const rows: number[] = [];
      live.forEach((item, row) => {
        const result = results[item]!;
        const id = previous[row]!;
        result.logProbability += next.logProbabilities[row * model.vocabulary + id]!;
        result.attention.push(next.attention.slice(row * sourceLength, (row + 1) * sourceLength));
        if (id === model.endId) result.ended = true;
        else {
          result.ids.push(id);
          if (length < limits[item]!) rows.push(row);
        }
      });
      if (rows.length === 0) break;
      if (rows.length < live.length) {
        const selected = model.select(state, Int32Array.from(rows), true);
        model.release(state, selected);
        state = selected;
        live = rows.map((row) => live[row]!);
        previous = Int32Array.from(rows, (row) => previous[row]!);
      }
    }
  } finally {
    model.release(state);
  }
  return results.map((result) => ({ ...result, score: result.logProbability }));
}

/** The first largest entry of each row. */
function argmaxRows(values: Float32Array, rows: number, columns: number): Int32Array {
  const ids = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    let best = row * columns;
    for (let i = best + 1; i < (row + 1) * columns; i++) if (values[i]! > values[best]!) best = i;
    ids[row] = best - row * columns;
  }
  return ids;
}
