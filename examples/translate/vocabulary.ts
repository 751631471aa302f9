/**
 * Text as ids: words that are frequent enough have an id of their own, all others are spelled in letters (the hybrid of
 * Luong and Manning 2016, in one sequence). A least count of 1 is words with letters to fall back on; Infinity is
 * letters alone.
 */
import { ArgumentError, FormatError } from 'heed';

/** Where a generator of random numbers is asked for one in [0, 1). */
export interface Uniform {
  uniform(): number;
}

/** Ids that are no text. */
export const ids = { paddingId: 0, startId: 1, endId: 2, unknownId: 3 } as const;
const FIRST = 4;

/** A text in one form: composed letters (NFC), white space as one space each, none at the ends. */
export function normalise(text: string): string {
  return text.normalize('NFC').replace(/\s+/gu, ' ').trim();
}

/**
 * A text in pieces that are words, each with the space before it, and other signs: joined they are a space and the text.
 * The leading space makes a first word the same piece as a later one.
 */
export function piecesOf(text: string): string[] {
  return text === '' ? [] : (` ${text}`.match(/ ?[\p{L}\p{M}\p{N}]+| ?[^\p{L}\p{M}\p{N} ]| /gu) ?? []);
}

export class Vocabulary {
  /** Texts of the ids from 4 on: pieces and letters, each once. */
  readonly tokens: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  /** @throws FormatError unless the tokens are texts, none empty and none twice */
  constructor(tokens: readonly string[]) {
    const problem = Array.isArray(tokens)
      ? tokens.find((token) => typeof token !== 'string' || token === '')
      : tokens;
    if (problem !== undefined || !Array.isArray(tokens)) {
      throw new FormatError(`vocabulary: tokens must be texts, got ${JSON.stringify(problem)}`);
    }
    this.tokens = [...tokens];
    this.#ids = new Map(tokens.map((token, i) => [token, FIRST + i]));
    if (this.#ids.size < tokens.length) throw new FormatError('vocabulary: a token occurs twice');
  }

  /**
   * All letters of normalised texts, and their pieces that occur in at least `least` of them, sorted.
   * @throws ArgumentError unless least is at least 1
   */
  static of(texts: readonly string[], least: number): Vocabulary {
    if (!(least >= 1)) throw new ArgumentError(`Vocabulary.of: least must be at least 1, got ${least}`);
    const counts = new Map<string, number>();
    const letters = new Set<string>();
    for (const text of texts) {
      for (const piece of new Set(piecesOf(text))) counts.set(piece, (counts.get(piece) ?? 0) + 1);
      for (const letter of ` ${text}`) letters.add(letter);
    }
    const words = [...counts].filter(([, count]) => count >= least).map(([piece]) => piece);
    return new Vocabulary([...new Set([...letters, ...words])].sort());
  }

  /** How many ids there are. */
  get size(): number {
    return FIRST + this.tokens.length;
  }

  /**
   * A normalised text cut into what has ids: words, and the letters of all others.
   * @param spelling the share of words that are spelled although they have an id, drawn by `random`
   */
  tokensOf(text: string, spelling = 0, random?: Uniform): string[] {
    return piecesOf(text).flatMap((piece) => {
      const spelled = random !== undefined && spelling > 0 && random.uniform() < spelling;
      return this.#ids.has(piece) && !spelled ? [piece] : [...piece];
    });
  }

  /** The ids of what `tokensOf` gives; a letter that is not known is `unknownId`. */
  encode(text: string, spelling = 0, random?: Uniform): number[] {
    return this.tokensOf(text, spelling, random).map((token) => this.#ids.get(token) ?? ids.unknownId);
  }

  /** What an id stands for; '�' for ids that are no text. */
  token(id: number): string {
    return this.tokens[id - FIRST] ?? '\u{fffd}';
  }

  /** The text of ids. */
  decode(of: readonly number[]): string {
    return of
      .map((id) => this.token(id))
      .join('')
      .replace(/ +/g, ' ')
      .trim();
  }

  /** The letters of a normalised text that are not known, each once. */
  unknownLetters(text: string): string[] {
    return [...new Set(text)].filter((letter) => !this.#ids.has(letter));
  }
}
