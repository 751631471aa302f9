/** How good translations of held-out pairs are. */
import { corpusBleu, editDistance } from 'heed/train';
import type { Pair } from './pairs.ts';
import { piecesOf } from './vocabulary.ts';

/** A held-out pair and what was written for it. */
export interface Trial extends Pair {
  readonly written: string;
}

/** All as fractions. */
export interface Scores {
  readonly pairs: number;
  /** Share of translations that equal the pair's, to the letter. */
  readonly exact: number;
  /** 1 - the edit distances in words over the words of the pairs' translations, at least 0. */
  readonly wordAccuracy: number;
  /** The same in characters (code points, in composed form). */
  readonly characterAccuracy: number;
  /** BLEU over words, of up to four, unsmoothed. */
  readonly bleu: number;
  /** BLEU over characters, spaces left out, of up to four. */
  readonly characterBleu: number;
}

/** The words of a text, with other signs as words of their own; Korean's are what spaces part. */
export function wordsOf(text: string): string[] {
  return piecesOf(text)
    .map((piece) => piece.trim())
    .filter((word) => word !== '');
}

/** @throws ArgumentError without trials */
export function scoresOf(trials: readonly Trial[]): Scores {
  const inWords = trials.map(({ written, target }) => ({
    predicted: wordsOf(written),
    references: [wordsOf(target)],
  }));
  const inCharacters = trials.map(({ written, target }) => ({
    predicted: [...written.replaceAll(' ', '')],
    references: [[...target.replaceAll(' ', '')]],
  }));
  return {
    pairs: trials.length,
    exact: trials.filter(isRight).length / trials.length,
    wordAccuracy: accuracy(trials, wordsOf),
    characterAccuracy: accuracy(trials, (text) => [...text]),
    bleu: corpusBleu(inWords).bleu,
    characterBleu: corpusBleu(inCharacters).bleu,
  };
}

export function isRight({ written, target }: Trial): boolean {
  return written === target;
}

function accuracy(trials: readonly Trial[], symbolsOf: (text: string) => string[]): number {
  let distances = 0;
  let symbols = 0;
  for (const { written, target } of trials) {
    const right = symbolsOf(target);
    distances += editDistance(symbolsOf(written), right);
    symbols += right.length;
  }
  return Math.max(0, 1 - distances / symbols);
}

/** Whether every word of a pair, in both languages, occurs in these pairs too: no others can be put together of them. */
export function wordsSeenIn(pairs: readonly Pair[]): (pair: Pair) => boolean {
  const source = new Set(pairs.flatMap((pair) => wordsOf(pair.source)));
  const target = new Set(pairs.flatMap((pair) => wordsOf(pair.target)));
  return (pair) =>
    wordsOf(pair.source).every((word) => source.has(word)) &&
    wordsOf(pair.target).every((word) => target.has(word));
}
