/** Logits as probabilities, and the best of them. */
import { ArgumentError } from '../errors.ts';

/** exp(x) / sum exp(x), in double precision. */
export function softmaxOf(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const largest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const weights = values.map((value) => Math.exp(value - largest));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** The best, largest first; of equal ones the lower index. */
export function best(scores: ArrayLike<number>, count: number): { index: number; score: number }[] {
  return Array.from(scores, (score, index) => ({ index, score }))
    .sort((a, b) => b.score - a.score)
    .slice(0, count);
}

/** @throws ArgumentError unless it is a positive integer; more than there are means all */
export function checkTopK(where: string, topK: number): void {
  if (topK > 0 && (Number.isInteger(topK) || topK === Number.POSITIVE_INFINITY)) return;
  throw new ArgumentError(`${where}: topK must be a positive integer, got ${topK}`);
}
