/** BLEU (Papineni, Roukos, Ward and Zhu 2002): how many of a translation's n-grams its references have. */
import { ArgumentError } from '../errors.ts';
import type { Prediction } from './errorRate.ts';

export interface BleuOptions {
  /** Longest n-grams; 4 by default. */
  readonly maxOrder?: number;
  /**
   * What becomes of an order of which no n-gram matches: with `none`, the default, BLEU is then 0; `exponential` counts
   * 1/2 a match in the first such order, 1/4 in the next, and so on (NIST's mteval; the default of sacrebleu).
   */
  readonly smoothing?: 'none' | 'exponential';
  /**
   * Whether the mean is over only those orders that the predictions are long enough for, as is usual for a single
   * sentence; false by default: BLEU is then 0 for predictions without any n-gram of the longest order.
   */
  readonly effectiveOrder?: boolean;
}

/** BLEU and what it is made of; all as fractions: 0.30 is what is often written as 30. */
export interface Bleu {
  readonly bleu: number;
  /** Of each order from 1: the matching n-grams over all n-grams of the predictions, smoothed. */
  readonly precisions: readonly number[];
  /** 1, or exp(1 - referenceLength / predictedLength) where the predictions are the shorter. */
  readonly brevityPenalty: number;
  /** Tokens of all predictions. */
  readonly predictedLength: number;
  /** Tokens of each prediction's closest reference in length, the shorter of two as close. */
  readonly referenceLength: number;
}

/**
 * BLEU of a corpus: matches and lengths are summed over all predictions before anything is divided. An n-gram counts as
 * often as the reference that has it most often has it.
 *
 *   BLEU = min(1, e^(1 - r/c)) (p_1 p_2 ... p_N)^(1/N)
 *
 * What a token is decides the figure, so say it beside it.
 * @throws ArgumentError when `results` is empty, a result has no reference or an empty one, maxOrder is not a positive
 *   integer, or the smoothing is unknown
 */
export function corpusBleu(results: readonly Prediction[], options: BleuOptions = {}): Bleu {
  const { maxOrder = 4, smoothing = 'none', effectiveOrder = false } = options;
  checkOptions(maxOrder, smoothing);
  checkResults(results);
  const matches = new Array<number>(maxOrder).fill(0);
  const totals = new Array<number>(maxOrder).fill(0);
  let predictedLength = 0;
  let referenceLength = 0;
  for (const { predicted, references } of results) {
    predictedLength += predicted.length;
    referenceLength += closestLength(predicted, references);
    for (let order = 1; order <= maxOrder; order++) {
      matches[order - 1]! += matchesOf(predicted, references, order);
      totals[order - 1]! += Math.max(0, predicted.length - order + 1);
    }
  }
  const precisions = precisionsOf(matches, totals, smoothing);
  const brevityPenalty =
    predictedLength === 0 ? 0 : Math.min(1, Math.exp(1 - referenceLength / predictedLength));
  const orders = effectiveOrder ? totals.filter((total) => total > 0).length : maxOrder;
  const logarithms = precisions.slice(0, orders).reduce((sum, precision) => sum + Math.log(precision), 0);
  // Without a single word in common no smoothing makes a translation of it.
  const bleu = matches[0] === 0 ? 0 : brevityPenalty * Math.exp(logarithms / orders);
  return { bleu, precisions, brevityPenalty, predictedLength, referenceLength };
}

/** N-grams of the prediction that a reference has, each at most as often as one reference has it. */
function matchesOf(
  predicted: readonly string[],
  references: readonly (readonly string[])[],
  order: number,
): number {
  const most = new Map<string, number>();
  for (const reference of references) {
    for (const [gram, count] of countsOf(reference, order)) {
      most.set(gram, Math.max(count, most.get(gram) ?? 0));
    }
  }
  let matches = 0;
  for (const [gram, count] of countsOf(predicted, order)) matches += Math.min(count, most.get(gram) ?? 0);
  return matches;
}

function countsOf(tokens: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let start = 0; start + order <= tokens.length; start++) {
    const gram = JSON.stringify(tokens.slice(start, start + order));
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

function precisionsOf(
  matches: readonly number[],
  totals: readonly number[],
  smoothing: 'none' | 'exponential',
): number[] {
  let halved = 1;
  return matches.map((matching, i) => {
    const total = totals[i]!;
    if (total === 0) return 0;
    if (matching > 0 || smoothing === 'none') return matching / total;
    halved /= 2;
    return halved / total;
  });
}

function closestLength(predicted: readonly string[], references: readonly (readonly string[])[]): number {
  const distance = (length: number): number => Math.abs(length - predicted.length);
  return references
    .map(({ length }) => length)
    .reduce((best, other) => {
      const further = distance(other) - distance(best) || other - best;
      return further < 0 ? other : best;
    });
}

function checkOptions(maxOrder: number, smoothing: string): void {
  if (!(Number.isInteger(maxOrder) && maxOrder > 0)) {
    throw new ArgumentError(`corpusBleu: maxOrder must be a positive integer, got ${maxOrder}`);
  }
  if (smoothing !== 'none' && smoothing !== 'exponential') {
    throw new ArgumentError(`corpusBleu: smoothing must be none or exponential, got ${smoothing}`);
  }
}

function checkResults(results: readonly Prediction[]): void {
  if (results.length === 0) throw new ArgumentError('corpusBleu: results is empty, expected at least one');
  results.forEach(({ references }, index) => {
    if (references.length > 0 && references.every((reference) => reference.length > 0)) return;
    const what = references.length === 0 ? 'is empty' : 'has an empty sequence';
    throw new ArgumentError(`corpusBleu: results[${index}].references ${what}, expected sequences of tokens`);
  });
}
