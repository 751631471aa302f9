import { ArgumentError } from '../errors.ts';

/** A token that stays, by its place among all. */
export interface Kept {
  readonly index: number;
  /** Whether it belongs to none of the texts. */
  readonly added: boolean;
}

/**
 * Which tokens stay within a length: all that stand around the texts, and of the texts their beginnings. The longer text
 * loses tokens first; of equally long ones that which was shorter, as the tokenizers of Hugging Face have it.
 * @param tokens of the texts with what was added around them
 * @param texts one or two, as tokens
 * @throws ArgumentError where not even what was added fits
 */
export function keepTogether(
  tokens: readonly string[],
  texts: readonly (readonly string[])[],
  maxLength: number,
): Kept[] {
  const from = placesOf(tokens, texts);
  const content = texts.reduce((sum, text) => sum + text.length, 0);
  const around = tokens.length - content;
  if (around > maxLength) {
    throw new ArgumentError(
      `tokenizer.encode: maxLength ${maxLength} leaves no room for the ${around} tokens around a text`,
    );
  }
  const lengths = texts.map((text) => text.length);
  for (let excess = tokens.length - maxLength; excess > 0; excess--) {
    const [first, second = -1] = lengths as [number, number?];
    const tied = first === second;
    const fromSecond = tied ? texts[1]!.length < texts[0]!.length : second > first;
    lengths[fromSecond ? 1 : 0]!--;
  }
  return tokens.flatMap((_, index): Kept[] => {
    const text = texts.findIndex((each, i) => index >= from[i]! && index < from[i]! + each.length);
    if (text < 0) return [{ index, added: true }];
    return index < from[text]! + lengths[text]! ? [{ index, added: false }] : [];
  });
}

/** Where each text begins: the first from the front, the last from the back. */
function placesOf(tokens: readonly string[], texts: readonly (readonly string[])[]): number[] {
  const matches = (text: readonly string[], at: number): boolean =>
    text.every((token, i) => tokens[at + i] === token);
  return texts.map((text, i) => {
    const last = tokens.length - text.length;
    const fromBack = i > 0;
    for (let step = 0; step <= last; step++) {
      const at = fromBack ? last - step : step;
      if (matches(text, at)) return at;
    }
    // The template changed the text itself: all of it counts as text, from the front.
    return 0;
  });
}
