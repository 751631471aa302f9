/** Words with blanks: what is asked, of which words, and who answers. */
import { loadDictionary, type Split } from '../../models/pronounce/dictionary.ts';
import { ArgumentError } from '../../src/errors.ts';
import { isLetter, type Letter, letters } from '../../src/pronounce/alphabet.ts';
import { Random } from '../../src/tensor/random.ts';

/** Stands for a letter that is to be told. */
export const BLANK = '_';

/** Words alone, in three parts of which none shares a word with another. */
export type Spellings = Readonly<Record<Split, readonly string[]>>;

export function loadSpellings(): Spellings {
  const { train, validation, test } = loadDictionary();
  const [trained, validated, tested] = [train, validation, test].map((part) => part.map(({ word }) => word));
  return { train: trained!, validation: validated!, test: tested! };
}

/** A word some of whose letters are to be told. */
export interface Question {
  readonly word: string;
  /** Ascending indices of letters, at least one. */
  readonly blanks: readonly number[];
}

/**
 * Tells the letters of blanks. It is given nothing but spellings with blanks, so it cannot see what stood there.
 * @returns for each spelling its blanks in order: the probability of each of `letters`, which add up to at most 1
 */
export type Fill = (spellings: readonly string[]) => (readonly ArrayLike<number>[])[];

/** The word with its blanks. */
export function spelled({ word, blanks }: Question): string {
  return Array.from(word, (letter, i) => (blanks.includes(i) ? BLANK : letter)).join('');
}

/** Each letter of each word hidden once, alone. */
export function eachLetterOf(words: readonly string[]): Question[] {
  return words.flatMap((word) => Array.from(word, (_, i) => ({ word, blanks: [i] })));
}

/** One question of each word: each letter is hidden with the probability `share`, one at least. */
export function someLettersOf(words: readonly string[], share: number, random: Random): Question[] {
  return words.map((word) => {
    const blanks = Array.from(word, (_, i) => i).filter(() => random.uniform() < share);
    return { word, blanks: blanks.length > 0 ? blanks : [random.integer(word.length)] };
  });
}

/** `count` of the words, drawn without looking at them. */
export function drawn(words: readonly string[], count: number, seed: number): string[] {
  return new Random(seed).shuffle([...words]).slice(0, count);
}

/** The index of a letter in `letters`. @throws ArgumentError for anything else */
export function letterIndex(symbol: string): number {
  if (!isLetter(symbol)) {
    throw new ArgumentError(
      `letterIndex: expected one of ${letters.join('')}, got ${JSON.stringify(symbol)}`,
    );
  }
  return letters.indexOf(symbol as Letter);
}
