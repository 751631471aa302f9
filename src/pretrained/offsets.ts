/** Where tokens lie in their text. */

/** From the first character's place up to that behind the last, in UTF-16 units, as `text.slice` counts. */
export type Offsets = readonly [from: number, to: number];

/**
 * Finds tokens in their text, one behind the other. Case, accents and compatibility forms may differ: tokenizers change
 * them. Tokens that are parts of one character all get its place.
 * @param surfaces of the tokens, without marks for spaces or continuation; undefined for one that says nothing of its text
 * @returns undefined for a token that is not found
 */
export function alignTokens(
  text: string,
  surfaces: readonly (string | undefined)[],
): (Offsets | undefined)[] {
  const { folded, starts, ends } = fold(text);
  let cursor = 0;
  let lost = false;
  return surfaces.map((surface) => {
    const wanted = surface === undefined ? '' : fold(surface.trim()).folded;
    if (surface === undefined || surface.includes('\ufffd')) {
      lost = true;
      return undefined;
    }
    const found = folded.indexOf(wanted, cursor);
    // Between two tokens that are known only spaces are left out.
    if (found < 0 || !(lost || folded.slice(cursor, found).trim() === '')) return undefined;
    if (wanted === '') return [starts[cursor] ?? text.length, starts[cursor] ?? text.length];
    lost = false;
    cursor = found + wanted.length;
    return [starts[found]!, ends[cursor - 1]!];
  });
}

/** A text without case, accents and compatibility forms, and where each unit of it comes from. */
function fold(text: string): { folded: string; starts: number[]; ends: number[] } {
  let folded = '';
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const character of text) {
    const plain = character.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
    folded += plain;
    for (let i = 0; i < plain.length; i++) {
      starts.push(at);
      ends.push(at + character.length);
    }
    at += character.length;
  }
  return { folded, starts, ends };
}
