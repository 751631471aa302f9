/** Attention between tokens, which may be letters, as attention between words. */
import { piecesOf } from './vocabulary.ts';

export interface WordAttention {
  readonly sourceWords: string[];
  readonly words: string[];
  /** [words, source words], each row at most 1. */
  readonly attention: number[][];
}

/**
 * A word of the translation looks at a word of the source with what its tokens give to that word's tokens: summed over
 * the source's, for they share the weight, and the mean over the translation's.
 * @param weights of each written token over the read ones; the end's may follow and is passed over
 */
export function wordAttention(
  read: readonly string[],
  written: readonly string[],
  weights: readonly ArrayLike<number>[],
): WordAttention {
  const columns = wordsOf(read);
  const rows = wordsOf(written);
  const attention = rows.map(({ tokens }) =>
    columns.map((column) => {
      const each = tokens.map((row) => sum(column.tokens.map((token) => weights[row]![token]!)));
      return Math.min(1, sum(each) / each.length);
    }),
  );
  return { sourceWords: columns.map(({ word }) => word), words: rows.map(({ word }) => word), attention };
}

/** The words that tokens spell, and which tokens spell each. */
function wordsOf(tokens: readonly string[]): { word: string; tokens: number[] }[] {
  const text = tokens.join('').replace(/^ /, '');
  const words = piecesOf(text).map((piece) => ({
    word: piece.trim(),
    end: piece.length,
    tokens: [] as number[],
  }));
  words.forEach((word, i) => {
    word.end += words[i - 1]?.end ?? 0;
  });
  // The text begins with a space that pieces have and that a translation may lack.
  let position = tokens[0]?.startsWith(' ') ? 0 : 1;
  let at = 0;
  tokens.forEach((token, i) => {
    position += token.length;
    while (at < words.length - 1 && position > words[at]!.end) at++;
    words[at]?.tokens.push(i);
  });
  return words.filter((word) => word.word !== '' && word.tokens.length > 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
