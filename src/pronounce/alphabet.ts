/**
 * The closed symbol lists of the pronunciation model: letters in, ARPAbet phonemes out, and their ids.
 *
 * Counted in CMUdict (npm `cmu-pronouncing-dictionary` 3.0.0: 126,046 words): 69 phonemes occur; beside a–z the
 * words use the apostrophe (7,475 words), the hyphen (1,012) and the period (114). Apostrophe and hyphen are
 * letters here. The period is not: its words are initials ("u.s.") and abbreviations read as another word
 * ("mr.", "inc."), too few to learn or to measure. Those 114 words are left out of training.
 */
import { ArgumentError } from '../errors.ts';

/** Symbols that both lists begin with, in the order of their ids 0, 1, 2. */
export const specialSymbols = ['<pad>', '<sos>', '<eos>'] as const;
/** Id of `<pad>`, which fills a batch's shorter sequences. */
export const padId = 0;
/** Id of `<sos>`, the decoder's first input. */
export const startId = 1;
/** Id of `<eos>`, after the last symbol. */
export const endId = 2;

/** The source symbols, in the order of their ids; the first has id 3. */
// biome-ignore format: a table
export const letters = [
  "'", '-', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l',
  'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
] as const;
/** A source symbol. */
export type Letter = (typeof letters)[number];

/** The vowels of ARPAbet as CMUdict uses them, without stress. */
// biome-ignore format: a table
export const vowels = [
  'AA', 'AE', 'AH', 'AO', 'AW', 'AY', 'EH', 'ER', 'EY', 'IH', 'IY', 'OW', 'OY', 'UH', 'UW',
] as const;
/** A vowel without its stress digit. */
export type Vowel = (typeof vowels)[number];

/** The consonants of ARPAbet as CMUdict uses them. */
// biome-ignore format: a table
export const consonants = [
  'B', 'CH', 'D', 'DH', 'F', 'G', 'HH', 'JH', 'K', 'L', 'M', 'N',
  'NG', 'P', 'R', 'S', 'SH', 'T', 'TH', 'V', 'W', 'Y', 'Z', 'ZH',
] as const;
/** A consonant. */
export type Consonant = (typeof consonants)[number];

/** Stress of a vowel: 0 none, 1 primary, 2 secondary. */
export const stresses = ['0', '1', '2'] as const;
/** A target symbol: a consonant, or a vowel with its stress digit. */
export type Phoneme = Consonant | `${Vowel}${(typeof stresses)[number]}`;

/** The 69 target symbols in the order of their ids: `AA0` (id 3), `AA1`, `AA2`, `AE0`, ... `UW2`, `B`, ... `ZH`. */
export const phonemes: readonly Phoneme[] = [
  ...vowels.flatMap((vowel) => stresses.map((stress) => `${vowel}${stress}` as const)),
  ...consonants,
];

/** Size of the source vocabulary with the special symbols: 31. */
export const letterVocabularySize = specialSymbols.length + letters.length;
/** Size of the target vocabulary with the special symbols: 72. */
export const phonemeVocabularySize = specialSymbols.length + phonemes.length;

const letterIds = idsOf(letters);
const phonemeIds = idsOf(phonemes);

/** Whether `symbol` is one of the 28 letters. */
export function isLetter(symbol: string): symbol is Letter {
  return letterIds.has(symbol);
}

/** Whether `symbol` is one of the 69 phonemes. */
export function isPhoneme(symbol: string): symbol is Phoneme {
  return phonemeIds.has(symbol);
}

/**
 * The ids of a word's letters, one per letter, without special symbols.
 * @throws ArgumentError when a character is not in `letters`; `normaliseSpelling` makes a word fit.
 */
export function encodeLetters(word: string): number[] {
  return encode('encodeLetters', 'letter', [...word], letterIds);
}

/**
 * The letters of `ids` up to the first `<eos>`, without `<pad>` and `<sos>`.
 * @throws ArgumentError when an id is not an integer in [0, letterVocabularySize).
 */
export function decodeLetters(ids: ArrayLike<number>): string {
  return decode('decodeLetters', ids, letters).join('');
}

/**
 * The ids of a pronunciation, one per phoneme, without special symbols.
 * @throws ArgumentError when a symbol is not in `phonemes`.
 */
export function encodePhonemes(pronunciation: readonly string[]): number[] {
  return encode('encodePhonemes', 'phoneme', pronunciation, phonemeIds);
}

/**
 * The phonemes of `ids` up to the first `<eos>`, without `<pad>` and `<sos>`.
 * @throws ArgumentError when an id is not an integer in [0, phonemeVocabularySize).
 */
export function decodePhonemes(ids: ArrayLike<number>): Phoneme[] {
  return decode('decodePhonemes', ids, phonemes);
}

function idsOf(symbols: readonly string[]): ReadonlyMap<string, number> {
  return new Map(symbols.map((symbol, index) => [symbol, specialSymbols.length + index]));
}

function encode(
  where: string,
  kind: string,
  symbols: readonly string[],
  ids: ReadonlyMap<string, number>,
): number[] {
  return symbols.map((symbol, index) => {
    const id = ids.get(symbol);
    if (id === undefined) {
      throw new ArgumentError(`${where}: symbol ${index} is ${JSON.stringify(symbol)}, not a ${kind}`);
    }
    return id;
  });
}

function decode<T extends string>(where: string, ids: ArrayLike<number>, symbols: readonly T[]): T[] {
  const decoded: T[] = [];
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index]!;
    if (id === endId) break;
    if (id === padId || id === startId) continue;
    const symbol = symbols[id - specialSymbols.length];
    if (symbol === undefined) {
      const limit = specialSymbols.length + symbols.length;
      throw new ArgumentError(`${where}: ids[${index}] is ${id}, expected an integer in [0, ${limit})`);
    }
    decoded.push(symbol);
  }
  return decoded;
}
