/** The words of a text and where they stand in it. */
import { splitWords } from 'heed/pronounce';

export interface PlacedWord {
  readonly word: string;
  /** In UTF-16 units, as a text field counts. */
  readonly start: number;
  readonly end: number;
}

export function placedWords(text: string): PlacedWord[] {
  let from = 0;
  return splitWords(text).map((word) => {
    const start = text.indexOf(word, from);
    from = start + word.length;
    return { word, start, end: from };
  });
}

/** The index of the word that the caret touches, or else of the last one before it; 0 before the first. */
export function wordAt(words: readonly PlacedWord[], caret: number): number {
  return Math.max(0, words.filter(({ start }) => start <= caret).length - 1);
}
