/** From what people type to the letters of the alphabet, and from text to words. */
import { ArgumentError } from '../errors.ts';
import { isLetter } from './alphabet.ts';

/** The most letters a word may have. The longest word of CMUdict has 28. */
export const longestWord = 64;

/** A character that was replaced by more than its lower case. */
export interface SpellingChange {
  /** The character as typed, with the combining marks that followed it. */
  readonly from: string;
  /** The letters that stand for it; empty for a soft hyphen. */
  readonly to: string;
}

/** A word in the letters of the alphabet. */
export interface Spelling {
  /** 1 to `longestWord` symbols of `letters`, at least one of them in a–z. */
  readonly letters: string;
  /** Each distinct replacement once, in the order of its first use. */
  readonly changed: readonly SpellingChange[];
}

const apostrophes = "'’‘ʼʻ‛′´`＇";
const hyphens = '-\u2010\u2011\ufe63\uff0d';

/** What stands for a character that Unicode does not decompose into letters of the alphabet. */
const substitutes: ReadonlyMap<string, string> = new Map([
  ...[...apostrophes].map((character) => [character, "'"] as const),
  ...[...hyphens].map((character) => [character, '-'] as const),
  ...Object.entries({ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i' }),
  ...Object.entries({ ȷ: 'j', ħ: 'h', ŧ: 't', ŋ: 'ng', ĸ: 'k' }),
  ['\u00ad', ''], // soft hyphen: an invisible place to break a line
]);

const combiningMark = /^[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\ufe20-\ufe2f]$/;
const anyLetter = /^\p{L}$/u;
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * The word in the letters of the alphabet: lower case, accents dropped (Unicode NFKD), other Latin letters and
 * typographic apostrophes and hyphens replaced. White space around the word is ignored. A period is no letter:
 * `splitWords` separates at it ("u.s." is "u" and "s").
 * @throws ArgumentError when the word is empty, has no letter in a–z, has more than `longestWord` letters, or has
 * characters that no letter stands for: digits, punctuation, symbols, other scripts.
 */
export function normaliseSpelling(word: string): Spelling {
  if (typeof word !== 'string') {
    throw new ArgumentError(`normaliseSpelling: word is of type ${typeof word}, expected a string`);
  }
  const typed = word.trim();
  if (typed === '') throw new ArgumentError('normaliseSpelling: word is empty, expected at least one letter');
  // Accents and ligatures make typed length and letters differ; only far beyond the limit is the length enough.
  if (typed.length > 4 * longestWord) throw tooLong(typed, `${typed.length} characters`);

  const parts: { from: string; to: string | undefined }[] = [];
  for (const character of typed) {
    const last = parts.at(-1);
    if (last && combiningMark.test(character)) last.from += character;
    else parts.push({ from: character, to: lettersOf(character) });
  }

  const foreign = parts.filter((part) => part.to === undefined).map((part) => part.from);
  if (foreign.length > 0) {
    throw new ArgumentError(
      `normaliseSpelling: word ${quote(typed)} has characters that are not letters of a-z, ` +
        `apostrophes or hyphens: ${named(foreign)}`,
    );
  }
  const letters = parts.map((part) => part.to).join('');
  if (letters.length > longestWord) throw tooLong(typed, `${letters.length} letters`);
  if (!/[a-z]/.test(letters)) {
    throw new ArgumentError(
      `normaliseSpelling: word ${quote(typed)} has no letter, expected at least one of a-z`,
    );
  }

  const changed = new Map<string, string>();
  for (const { from, to } of parts) if (from.toLowerCase() !== to) changed.set(from, to!);
  return { letters, changed: [...changed].map(([from, to]) => ({ from, to })) };
}

/** The letters that stand for one character, or undefined when there are none. */
function lettersOf(character: string): string | undefined {
  const substitute = substitutes.get(character.toLowerCase());
  if (substitute !== undefined) return substitute;
  // Only letters are decomposed: NFKD would also turn the sign ™ into "tm".
  if (!anyLetter.test(character)) return undefined;
  let found = '';
  for (const piece of character.normalize('NFKD').toLowerCase()) {
    if (combiningMark.test(piece)) continue;
    const letter = isLetter(piece) ? piece : substitutes.get(piece);
    if (letter === undefined) return undefined;
    found += letter;
  }
  return found;
}

function tooLong(typed: string, length: string): ArgumentError {
  return new ArgumentError(
    `normaliseSpelling: word ${quote(typed)} has ${length}, expected at most ${longestWord} letters`,
  );
}

/** The word in quotation marks, at most 40 characters of it, without anything that could upset a terminal. */
function quote(word: string): string {
  const start = [...word.slice(0, 82)].map((character) =>
    unprintable.test(character) ? '\ufffd' : character,
  );
  return `"${start.length > 40 ? `${start.slice(0, 39).join('')}…` : start.join('')}"`;
}

/** The distinct characters with their code points, the first eight of them. */
function named(characters: readonly string[]): string {
  const distinct = [...new Set(characters)];
  const names = distinct.slice(0, 8).map((character) => {
    const codes = [...character].map((point) => {
      return `U+${point.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
    });
    return unprintable.test(character) ? codes.join(' ') : `"${character}" (${codes.join(' ')})`;
  });
  const more = distinct.length > 8 ? ` and ${distinct.length - 8} more` : '';
  return names.join(', ') + more;
}

/** Words that begin with an apostrophe, from CMUdict; before any other word it is an opening quotation mark. */
const elisions: ReadonlySet<string> = new Set(
  "'bout 'cause 'course 'cuse 'em 'frisco 'gain 'kay 'n 'round 'til 'tis 'twas".split(' '),
);

// Signs that are spoken stay in their word, so that `normaliseSpelling` names them instead of losing them here.
const separator = new RegExp(`--+|[\\s\\u0085\\u200b]|(?![${hyphens}${apostrophes}&%@#§])\\p{P}`, 'u');

/**
 * The words of a text, in order and as typed. Words end at white space, dashes (also `--`) and silent punctuation
 * (periods, commas, quotation marks, brackets, slashes ...): "and/or" is two words, "U.S." is "U" and "S".
 * Hyphens and apostrophes inside a word belong to it. At its edges, hyphens go; an apostrophe at the end stays
 * ("dogs'", "goin'") unless it closes a quotation, and one at the start stays only in elisions such as "'tis".
 * Digits, symbols and other scripts stay as words, which `normaliseSpelling` refuses by name.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let quoted = false;
  for (const run of text.split(separator)) {
    const word = withoutEdges(run, apostrophes + hyphens);
    if (word === '') continue;
    const start = run.indexOf(word);
    const opens = isApostrophe(run[start - 1]);
    const closes = isApostrophe(run[start + word.length]);
    if (opens && elisions.has(`'${word.toLowerCase()}`)) {
      words.push(run[start - 1] + word);
      continue;
    }
    quoted ||= opens;
    words.push(closes && !quoted ? word + run[start + word.length] : word);
    if (closes) quoted = false;
  }
  return words;
}

function isApostrophe(character: string | undefined): boolean {
  return character !== undefined && apostrophes.includes(character);
}

/** `text` without the characters of `edges` at its start and end. */
function withoutEdges(text: string, edges: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && edges.includes(text[start]!)) start++;
  while (end > start && edges.includes(text[end - 1]!)) end--;
  return text.slice(start, end);
}
