/** What a part of the experiment finds. */
import { isRight, type Scores, scoresOf, type Trial } from '../../examples/translate/measure.ts';
import type { Parts } from '../../examples/translate/split.ts';
import type { Translation } from '../../examples/translate/translator.ts';
import { type Kind, kindsIn, translationMemory } from './data.ts';

/** Some of the held-out names, and how many of them are exactly right. */
export interface Group {
  readonly name: string;
  readonly pairs: number;
  readonly exact: number;
}

export interface Reading {
  readonly source: string;
  readonly text: string;
  readonly sourceWords: readonly string[];
  readonly words: readonly string[];
  /** [words, source words] */
  readonly attention: readonly (readonly number[])[];
}

/** As a type, for JSON is not assignable to an interface. */
export type TranslateFigures = {
  readonly pairs: { readonly train: number; readonly validation: number; readonly test: number };
  readonly parameters: number;
  readonly vocabularies: { readonly source: number; readonly target: number };
  readonly steps: number;
  readonly trainingSeconds: number;
  readonly curve: readonly { readonly step: number; readonly loss: number; readonly validation: number }[];
  readonly validation: Scores;
  readonly test: Scores;
  readonly memory: Scores;
  readonly groups: readonly Group[];
  readonly samples: readonly Trial[];
  readonly readings: { readonly variant?: Reading; readonly bare?: Reading };
};

export const EVERY_WORD_SEEN = 'every word seen';

const groups: Readonly<Record<string, (kind: Kind) => boolean>> = {
  flags: ({ flag }) => flag,
  'other base phrases': ({ flag, variant }) => !flag && !variant,
  'with skin tones or other additions': ({ variant }) => variant,
  'an English word never seen': ({ read }) => !read,
  'only a word of the translation never seen': ({ read, written }) => read && !written,
  [EVERY_WORD_SEEN]: ({ written }) => written,
};

export function groupsOf(trials: readonly Trial[], { train }: Parts): Group[] {
  const kindOf = kindsIn(train);
  return Object.entries(groups).map(([name, belongs]) => {
    const some = trials.filter((trial) => belongs(kindOf(trial)));
    return { name, pairs: some.length, exact: some.filter(isRight).length };
  });
}

export function rounded(scores: Scores): Scores {
  return Object.fromEntries(Object.entries(scores).map(([name, value]) => [name, round(value)])) as never;
}

export function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

export function memoryScores({ train, test }: Parts): Scores {
  return rounded(scoresOf(translationMemory(train, test)));
}

/** Evenly spread over the held-out base phrases. */
export function samplesOf(trials: readonly Trial[], count: number): Trial[] {
  const bare = trials.filter(({ source }) => !source.includes(':'));
  return Array.from(
    { length: Math.min(count, bare.length) },
    (_, i) => bare[Math.floor((i * bare.length) / count)]!,
  );
}

/**
 * Of the right translations of three to eight words on both sides, the one that turns the order of words round the most:
 * of those with additions, and of those without.
 */
export function turnedRound(
  translations: readonly Translation[],
  trials: readonly Trial[],
): { readonly variant?: Reading; readonly bare?: Reading } {
  const right = translations.filter((_, i) => isRight(trials[i]!));
  const drawn = right.filter((each) =>
    [each.words, each.sourceWords].every(({ length }) => length >= 3 && length <= 8),
  );
  const most = (some: readonly Translation[]): Reading | undefined => {
    const [best] = [...some].sort((a, b) => crossings(b.attention) - crossings(a.attention));
    return best && readingOf(best);
  };
  return {
    variant: most(drawn.filter(({ source }) => source.includes(':'))),
    bare: most(drawn.filter(({ source }) => !source.includes(':'))),
  };
}

function readingOf({ source, text, sourceWords, words, attention }: Translation): Reading {
  return { source, text, sourceWords, words, attention: attention.map((row) => row.map(round)) };
}

/** For each word, how much of the attention of the words before it lies behind its own. */
function crossings(attention: Reading['attention']): number {
  const crossing = attention.map((later, i) =>
    attention.slice(0, i).map((earlier) => {
      const behind = (column: number): number => sum(earlier.slice(column + 1));
      return sum(later.map((weight, column) => weight * behind(column)));
    }),
  );
  return sum(crossing.flat()) / attention.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
