/** What the experiment takes and finds, as `result.json` keeps it. */
import type { Found } from '../experiment.ts';
import type { Score } from './measure.ts';
import type { Recipe } from './model.ts';

export interface Settings {
  /** Names the file of weights, and the bounds that must hold. */
  readonly size: 'full' | 'quick';
  readonly model: Recipe;
  /** So many test words and validation words are drawn, or all where there are fewer. */
  readonly testWords: number;
  readonly validationWords: number;
}

/** The ways of filling a blank that are counted rather than trained. */
export const countedFills = ['unigram', 'bigram', 'bigram of both sides', 'n-gram of both sides'] as const;
export type CountedFill = (typeof countedFills)[number];

export interface GroupScore extends Score {
  readonly group: string | number;
}

/** A blank that is shown, and its most probable letters. */
export interface Example {
  readonly word: string;
  readonly position: number;
  readonly candidates: readonly { readonly letter: string; readonly probability: number }[];
}

/** How one way of filling blanks does on test words. */
export interface Measured {
  /** Each letter of each word hidden alone. */
  readonly single: Score;
  /** The same, of words that share no stem with a training word. */
  readonly unrelated: Score;
  readonly byLength: readonly GroupScore[];
  /** Counted from 1. */
  readonly byPosition: readonly GroupScore[];
  /** First, inner and last letters. */
  readonly byPlace: readonly GroupScore[];
  /** Vowels, consonants, and what else a word is spelled with. */
  readonly byKind: readonly GroupScore[];
  /** Letters hidden together, by the share of them; empty where only one blank can be filled. */
  readonly several: readonly GroupScore[];
  readonly examples: readonly Example[];
}

export interface CountedFigures {
  readonly trainingWords: number;
  readonly fills: Readonly<Record<CountedFill, Measured>>;
  /** Of n-grams of both sides, by n, on validation words; the best n is measured. */
  readonly orders: readonly GroupScore[];
}

/** What all heads of all layers look at, in a word with a blank. */
export interface HeadFigures {
  readonly word: string;
  readonly position: number;
  /** What the model reads: start, letters and blank, end. */
  readonly symbols: readonly string[];
  /** [layers][heads][symbols * symbols], to 4 decimals: rows look at columns. */
  readonly weights: readonly (readonly (readonly number[])[])[];
}

export interface ModelFigures {
  readonly parameters: number;
  readonly steps: number;
  /** How often the training words went by. */
  readonly epochs: number;
  /** On validation words, while training. */
  readonly training: readonly { readonly step: number; readonly top1: number; readonly perplexity: number }[];
  readonly fill: Measured;
  readonly heads: HeadFigures;
}

export type Figures = CountedFigures | ModelFigures;

/** The parts by their names. */
export function figuresOf({ parts }: Found<Settings, Figures>): {
  counted: CountedFigures;
  model: ModelFigures;
} {
  return {
    counted: parts.counted!.figures as CountedFigures,
    model: parts.model!.figures as ModelFigures,
  };
}
