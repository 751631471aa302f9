import { longestWord } from 'heed/pronounce';

/** What one request, and all of them together, may ask for. */
export interface Limits {
  /** Bytes of a request's body. */
  readonly bodyBytes: number;
  /** Words in a request. */
  readonly words: number;
  /** Letters in a word; at most the pronouncer's own limit, 64. */
  readonly letters: number;
  /** Hypotheses that are kept for a word; at most the pronouncer's own limit, 32. */
  readonly beam: number;
  /** Texts in a request. */
  readonly texts: number;
  /** Characters in a text. */
  readonly characters: number;
  /** How long a long request may be worked on, in milliseconds. */
  readonly milliseconds: number;
  /** Long requests that are worked on at once, in turns. One more is told to come back; short ones are always done. */
  readonly requests: number;
}

export const defaultLimits: Limits = {
  bodyBytes: 64 * 1024,
  words: 256,
  letters: longestWord,
  beam: 8,
  texts: 64,
  characters: 4096,
  milliseconds: 10_000,
  requests: 4,
};
