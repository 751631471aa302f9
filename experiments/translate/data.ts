/** CLDR's names in parts between which no base phrase crosses, and what a translation memory makes of those held out. */
import { basePhrases, cldrPairs } from '../../examples/translate/cldr.ts';
import { type Trial, wordsOf, wordsSeenIn } from '../../examples/translate/measure.ts';
import type { Pair } from '../../examples/translate/pairs.ts';
import { type Parts, splitPairs } from '../../examples/translate/split.ts';
import { editDistance } from '../../src/train/errorRate.ts';

/** The parts of the experiment, as CLDR's locales. */
export const languages: Readonly<Record<string, string>> = { Korean: 'ko', French: 'fr' };

/** The same parts whatever a run's seed is: figures of several seeds are of the same held-out phrases. */
const SPLIT_SEED = 0;

/** 3,715 pairs to train on, 209 to choose settings by, 418 to measure. */
export function parallelNames(language: string): Parts {
  return splitPairs(cldrPairs(language), SPLIT_SEED, basePhrases);
}

/** A held-out name by what is in it. */
export interface Kind {
  readonly flag: boolean;
  /** Whether more follows the base phrase: skin tones, hair, a direction, people. */
  readonly variant: boolean;
  /** Whether training has every word of the English name. */
  readonly read: boolean;
  /** Whether training has every word of both names: of others, no words it knows can be put together. */
  readonly written: boolean;
}

export function kindsIn(train: readonly Pair[]): (pair: Pair) => Kind {
  const english = new Set(train.flatMap(({ source }) => wordsOf(source)));
  const written = wordsSeenIn(train);
  return (pair) => {
    return {
      flag: pair.source.startsWith('flag: '),
      variant: basePhrases(pair).source !== pair.source,
      read: wordsOf(pair.source).every((word) => english.has(word)),
      written: written(pair),
    };
  };
}

/**
 * The baseline: for each name the translation of the training name that is closest to it in words, the first of those as
 * close. It is never exactly right, for no two signs have the same name.
 */
export function translationMemory(train: readonly Pair[], held: readonly Pair[]): Trial[] {
  const known = train.map(({ source }) => wordsOf(source));
  return held.map((pair) => {
    const words = wordsOf(pair.source);
    let closest = 0;
    let least = Number.POSITIVE_INFINITY;
    known.forEach((each, i) => {
      const distance = editDistance(words, each);
      if (distance >= least) return;
      least = distance;
      closest = i;
    });
    return { ...pair, written: train[closest]!.target };
  });
}
