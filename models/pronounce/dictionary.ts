/** CMUdict as the pronunciation model's data: words with all their pronunciations, in three fixed parts. */
import { dictionary } from 'cmu-pronouncing-dictionary';
import { FormatError } from '../../src/errors.ts';
import { isLetter, isPhoneme, type Phoneme } from '../../src/pronounce/alphabet.ts';

/** A word and all its pronunciations. */
export interface Entry {
  /** The base word: letters of the alphabet, without the `(n)` of a variant. */
  readonly word: string;
  /** At least one, in the dictionary's order: the word, then its variants (2), (3), ... */
  readonly pronunciations: readonly (readonly Phoneme[])[];
}

/** The part of the data that a word belongs to. */
export type Split = 'train' | 'validation' | 'test';

/** The dictionary in three parts, each sorted by code units. */
export interface Dictionary extends Readonly<Record<Split, readonly Entry[]>> {
  /** Base words left out because of a symbol outside the alphabet: 114 in CMUdict, all with a period. */
  readonly excluded: number;
}

/**
 * The part that a base word belongs to: 90 % train, 5 % validation, 5 % test, decided by the word and the seed alone.
 *
 * FNV-1a (32 bits) over the word's UTF-8 bytes, its offset basis xor the seed, then MurmurHash3's 32-bit finaliser;
 * divided by 2^32, below 0.9 is train, below 0.95 validation. Inflected relatives ("cat", "cats", "cat's") are words
 * of their own and may be in different parts.
 */
export function splitOf(baseWord: string, seed = 0): Split {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (const byte of new TextEncoder().encode(baseWord)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  const position = ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
  if (position < 0.9) return 'train';
  return position < 0.95 ? 'validation' : 'test';
}

/**
 * CMUdict, split by `splitOf(word, seed)`. The same package version and seed give the same parts in the same order.
 * @throws FormatError when the package has a variant without its word or a symbol that is not a phoneme.
 */
export function loadDictionary(seed = 0): Dictionary {
  const { entries, excluded } = groupVariants(dictionary);
  const parts: Record<Split, Entry[]> = { train: [], validation: [], test: [] };
  for (const entry of entries) parts[splitOf(entry.word, seed)].push(entry);
  return { ...parts, excluded };
}

/**
 * The entries of a dictionary in the form of the package (`word` or `word(2)` to phonemes, comments after `#`), sorted
 * by code units; `excluded` counts the base words with a symbol outside the alphabet.
 * @throws FormatError listing every variant without its word and every symbol that is not a phoneme.
 */
export function groupVariants(source: Readonly<Record<string, string>>): {
  entries: Entry[];
  excluded: number;
} {
  const variants = new Map<string, { variant: number; pronunciation: Phoneme[] }[]>();
  const problems: string[] = [];
  for (const [key, text] of Object.entries(source)) {
    const match = /^(.+)\((\d+)\)$/.exec(key);
    const word = match?.[1] ?? key;
    if (match && !Object.hasOwn(source, word)) problems.push(`dictionary: "${key}" has no entry "${word}"`);
    const symbols = text.replace(/#.*$/, '').trim().split(/\s+/);
    const pronunciation = symbols.filter(isPhoneme);
    if (pronunciation.length < symbols.length) {
      const unknown = symbols.filter((symbol) => !isPhoneme(symbol));
      problems.push(`dictionary: "${key}" has ${JSON.stringify(unknown)}, expected phonemes`);
    }
    const known = variants.get(word) ?? [];
    known.push({ variant: Number(match?.[2] ?? 1), pronunciation });
    variants.set(word, known);
  }
  if (problems.length > 0) throw new FormatError(problems);

  const words = [...variants.keys()].sort();
  const spelled = words.filter((word) => word !== '' && [...word].every(isLetter));
  const entries = spelled.map((word) => {
    const ordered = variants.get(word)!.sort((a, b) => a.variant - b.variant);
    return { word, pronunciations: ordered.map(({ pronunciation }) => pronunciation) };
  });
  return { entries, excluded: words.length - entries.length };
}
