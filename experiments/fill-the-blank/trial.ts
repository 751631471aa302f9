/** What every way of filling blanks is asked, and what is reported of its answers. */
import { letters } from '../../src/pronounce/alphabet.ts';
import { Random } from '../../src/tensor/random.ts';
import type { Example, GroupScore, Measured } from './figures.ts';
import { ask, type Filled, groupBy, rounded, scoreOf } from './measure.ts';
import { relatedTo } from './relatives.ts';
import {
  drawn,
  eachLetterOf,
  type Fill,
  type Question,
  type Spellings,
  someLettersOf,
  spelled,
} from './spelling.ts';

/** Shares of a word's letters that are hidden together. */
const SHARES = [0.15, 0.5];
/** Blanks that are shown, one in each of so many words of at least so many letters. */
const EXAMPLES = 8;
const SHORTEST_EXAMPLE = 5;
const CANDIDATES = 3;

/** Questions about test words: the same ones for every way of filling blanks, drawn without looking at answers. */
export interface Trial {
  readonly single: readonly Question[];
  readonly several: ReadonlyMap<number, readonly Question[]>;
  readonly examples: readonly Question[];
  /** Whether a word shares a stem with a training word. */
  readonly isRelated: (word: string) => boolean;
}

export function trialOf(spellings: Spellings, testWords: number, seed: number): Trial {
  const words = drawn(spellings.test, testWords, seed);
  const random = new Random(seed);
  const shown = words.filter(({ length }) => length >= SHORTEST_EXAMPLE).slice(0, EXAMPLES);
  return {
    single: eachLetterOf(words),
    several: new Map(SHARES.map((share) => [share, someLettersOf(words, share, random)])),
    examples: shown.map((word) => ({ word, blanks: [random.integer(word.length)] })),
    isRelated: relatedTo(spellings.train),
  };
}

/**
 * @param fillsSeveral whether it fills more than one blank of a word
 * @param onProgress hears the share that is done
 */
export function measure(
  fill: Fill,
  trial: Trial,
  { fillsSeveral = true, onProgress = (_: number) => {} } = {},
): Measured {
  const filled = ask(fill, trial.single, (done) => onProgress(done / trial.single.length));
  const unrelated = filled.filter(({ word }) => !trial.isRelated(word));
  const several = [...(fillsSeveral ? trial.several : [])].map(([share, questions]) => ({
    group: share,
    ...scoreOf(ask(fill, questions)),
  }));
  return {
    single: scoreOf(filled),
    unrelated: scoreOf(unrelated),
    byLength: scoresBy(filled, ({ word }) => word.length),
    byPosition: scoresBy(filled, ({ position }) => position + 1),
    byPlace: scoresBy(filled, placeOf),
    byKind: scoresBy(filled, ({ word, position }) => kindOf(word[position]!)),
    several,
    examples: trial.examples.map((question) => exampleOf(fill, question)),
  };
}

function scoresBy(filled: readonly Filled[], groupOf: (each: Filled) => string | number): GroupScore[] {
  const groups = [...groupBy(filled, groupOf)].map(([group, own]) => ({ group, ...scoreOf(own) }));
  return groups.sort((a, b) => (a.group < b.group ? -1 : 1));
}

function placeOf({ word, position }: Filled): string {
  if (position === 0) return 'first';
  return position === word.length - 1 ? 'last' : 'inner';
}

function kindOf(letter: string): string {
  if (!/[a-z]/.test(letter)) return 'apostrophe or hyphen';
  return 'aeiouy'.includes(letter) ? 'vowel' : 'consonant';
}

function exampleOf(fill: Fill, question: Question): Example {
  const probabilities = Array.from(fill([spelled(question)])[0]![0]!);
  const candidates = probabilities
    .map((probability, i) => ({ letter: letters[i] as string, probability: rounded(probability) }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, CANDIDATES);
  return { word: question.word, position: question.blanks[0]!, candidates };
}
