import { decodeRows } from './rows.ts';
import { type Hypothesis, limitsOf, type MaxLength, type StepModel } from './stepModel.ts';

/**
 * Decodes each item by its most probable token at every step. Items that have ended are dropped from the batch.
 * @throws ArgumentError unless maxLength is a positive integer, or one for each item
 */
export function greedyDecode<State>(model: StepModel<State>, maxLength: MaxLength): Hypothesis[] {
  return decodeRows(model, limitsOf('greedyDecode', maxLength, model.items), argmax);
}

/** The first largest entry. */
export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
