/** How often blanks are filled rightly. */
import { type Fill, letterIndex, type Question, spelled } from './spelling.ts';

/** Of some blanks. */
export interface Score {
  readonly blanks: number;
  /** Shares of the blanks whose letter is the most probable, and among the three most probable. */
  readonly top1: number;
  readonly top3: number;
  /** e to the mean of minus the natural logarithm of the letter's probability. */
  readonly perplexity: number;
}

/** A blank, and where its letter came out. */
export interface Filled {
  readonly word: string;
  readonly position: number;
  /** 0 where the letter is the most probable. */
  readonly rank: number;
  readonly probability: number;
}

/** Spellings that are filled at once. */
const BATCH = 256;

/**
 * Asks all questions, those of like length together.
 * @param onProgress hears how many are done
 */
export function ask(
  fill: Fill,
  questions: readonly Question[],
  onProgress: (done: number) => void = () => {},
): Filled[] {
  const sorted = [...questions].sort((a, b) => a.word.length - b.word.length);
  const filled: Filled[] = [];
  for (let start = 0; start < sorted.length; start += BATCH) {
    const batch = sorted.slice(start, start + BATCH);
    const answers = fill(batch.map(spelled));
    batch.forEach(({ word, blanks }, i) => {
      blanks.forEach((position, b) => {
        filled.push({ word, position, ...placed(answers[i]![b]!, letterIndex(word[position]!)) });
      });
    });
    onProgress(start + batch.length);
  }
  return filled;
}

/** Letters that are as probable come first where they come first in the alphabet. */
function placed(probabilities: ArrayLike<number>, letter: number): { rank: number; probability: number } {
  const probability = probabilities[letter]!;
  let rank = 0;
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i]! > probability || (probabilities[i] === probability && i < letter)) rank++;
  }
  return { rank, probability };
}

export function scoreOf(filled: readonly Filled[]): Score {
  const share = (within: number) => filled.filter(({ rank }) => rank < within).length / filled.length;
  const surprise = filled.reduce((sum, { probability }) => sum - Math.log(probability), 0) / filled.length;
  return {
    blanks: filled.length,
    top1: rounded(share(1)),
    top3: rounded(share(3)),
    perplexity: rounded(Math.exp(surprise)),
  };
}

/** The blanks that have the same key, in the order of their first. */
export function groupBy<Key>(filled: readonly Filled[], keyOf: (each: Filled) => Key): Map<Key, Filled[]> {
  const groups = new Map<Key, Filled[]>();
  for (const each of filled) {
    const key = keyOf(each);
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
  }
  return groups;
}

/** To four decimals, as results are kept. */
export function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
