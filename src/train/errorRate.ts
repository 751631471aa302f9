/** Error rates of predicted symbol sequences: phonemes of a word, words of a sentence. */
import { ArgumentError } from '../errors.ts';

/** A prediction and the sequences that count as right, at least one and none of them empty. */
export interface Prediction {
  readonly predicted: readonly string[];
  readonly references: readonly (readonly string[])[];
}

/** Error rates as fractions: 0.30 is 30 %. `per` can exceed 1 when predictions are too long. */
export interface ErrorRates {
  /** How many predictions were counted. */
  readonly words: number;
  /** Phoneme error rate: the edit distances to the closest references, summed, over those references' lengths. */
  readonly per: number;
  /** Word error rate: the share of predictions that equal none of their references. */
  readonly wer: number;
  /** `per` without the stress digits of vowels. */
  readonly perNoStress: number;
  /** `wer` without the stress digits of vowels. */
  readonly werNoStress: number;
}

/**
 * The Levenshtein distance: the fewest insertions, deletions and substitutions of symbols that turn `a` into `b`.
 * Takes time a.length * b.length and memory b.length.
 */
export function editDistance<T>(a: readonly T[], b: readonly T[]): number {
  // row[j] is the distance from the symbols of a so far to the first j of b.
  const row = Uint32Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0]!;
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!;
      const substituted = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(substituted, above + 1, row[j - 1]! + 1);
      diagonal = above;
    }
  }
  return row[b.length]!;
}

/**
 * Error rates over all results, against the closest of each result's references. Among equally close references the
 * shortest counts: `per` then does not depend on their order and errs on the high side. Without stress ("AH0" as "AH")
 * the closest reference is looked for anew.
 * @throws ArgumentError when `results` is empty, or a result has no reference or an empty one.
 */
export function errorRates(results: readonly Prediction[]): ErrorRates {
  if (results.length === 0) throw new ArgumentError('errorRates: results is empty, expected at least one');
  results.forEach(({ references }, index) => {
    if (references.length > 0 && references.every((reference) => reference.length > 0)) return;
    const what = references.length === 0 ? 'is empty' : 'has an empty sequence';
    throw new ArgumentError(
      `errorRates: results[${index}].references ${what}, expected sequences of symbols`,
    );
  });
  const stressed = rates(results);
  const unstressed = rates(
    results.map(({ predicted, references }) => ({
      predicted: withoutStress(predicted),
      references: references.map(withoutStress),
    })),
  );
  return {
    words: results.length,
    per: stressed.per,
    wer: stressed.wer,
    perNoStress: unstressed.per,
    werNoStress: unstressed.wer,
  };
}

function rates(results: readonly Prediction[]): { per: number; wer: number } {
  let distances = 0;
  let lengths = 0;
  let wrong = 0;
  for (const { predicted, references } of results) {
    const closest = references
      .map((reference) => ({ distance: editDistance(predicted, reference), length: reference.length }))
      .reduce((best, other) => {
        const closer = other.distance - best.distance || other.length - best.length;
        return closer < 0 ? other : best;
      });
    distances += closest.distance;
    lengths += closest.length;
    if (closest.distance > 0) wrong++;
  }
  return { per: distances / lengths, wer: wrong / results.length };
}

function withoutStress(symbols: readonly string[]): string[] {
  return symbols.map((symbol) => symbol.replace(/[0-9]$/, ''));
}
