/**
 * The baselines: letters counted in the training words. A word is `^ ... ^ letters $`.
 *
 * Probabilities are interpolated as Witten and Bell do (1991, method C), which has nothing to tune: after the history h,
 * seen N(h) times and followed by T(h) different symbols,
 *
 *   p(c | h) = (N(h c) + T(h) p(c | h without its first symbol)) / (N(h) + T(h))
 *
 * and before any count all symbols are equally probable.
 */
import { letters } from '../../src/pronounce/alphabet.ts';
import { BLANK, type Fill, letterIndex } from './spelling.ts';

const START = '^';
const END = '$';
const SYMBOLS = letters.length + 1;

interface Followers {
  total: number;
  readonly counts: Map<string, number>;
}

/** How often each symbol follows each history of up to `order - 1` symbols. */
export class NGrams {
  readonly order: number;
  readonly #followers = new Map<string, Followers>();

  constructor(words: Iterable<string>, order: number) {
    this.order = order;
    for (const word of words) {
      const text = this.framed(word);
      for (let at = order - 1; at < text.length; at++) {
        for (let length = 0; length < order; length++) this.#count(text.slice(at - length, at), text[at]!);
      }
    }
  }

  /** The word between as many starts as a history has symbols, and an end. */
  framed(word: string): string {
    return START.repeat(this.order - 1) + word + END;
  }

  /** p(symbol | history); only the last `order - 1` symbols of the history count. */
  probability(history: string, symbol: string): number {
    const seen = history.length < this.order ? history : history.slice(history.length - this.order + 1);
    const shorter = seen === '' ? 1 / SYMBOLS : this.probability(seen.slice(1), symbol);
    const followers = this.#followers.get(seen);
    if (!followers) return shorter;
    const { total, counts } = followers;
    return ((counts.get(symbol) ?? 0) + counts.size * shorter) / (total + counts.size);
  }

  #count(history: string, symbol: string): void {
    let followers = this.#followers.get(history);
    if (!followers) {
      followers = { total: 0, counts: new Map() };
      this.#followers.set(history, followers);
    }
    followers.total++;
    followers.counts.set(symbol, (followers.counts.get(symbol) ?? 0) + 1);
  }
}

/** The same for every blank: how frequent each letter is. */
export function unigramFill(words: Iterable<string>): Fill {
  const ngrams = new NGrams(words, 1);
  const shares = normalised(letters.map((letter) => ngrams.probability('', letter)));
  return (spellings) => spellings.map((spelling) => blanksOf(spelling).map(() => shares));
}

/**
 * A Markov chain over letters, exactly (forward and backward messages), with any number of blanks. Of one blank between
 * l and r it tells p(c | l) from the left, and p(c | l) p(r | c), made to add up to 1, from both sides.
 */
export function bigramFill(words: Iterable<string>, sides: 'left' | 'both'): Fill {
  const ngrams = new NGrams(words, 2);
  const table = (symbol: string) => letters.map((letter) => ngrams.probability(symbol, letter));
  const first = table(START);
  const next = letters.map(table);
  const last = letters.map((letter) => ngrams.probability(letter, END));
  return (spellings) =>
    spellings.map((spelling) => {
      const symbols = [...spelling];
      const seen = (at: number, message: readonly number[]) =>
        symbols[at] === BLANK
          ? normalised(message)
          : message.map((_, c) => +(c === letterIndex(symbols[at]!)));
      const forward: number[][] = [];
      symbols.forEach((_, at) => {
        const before = forward[at - 1];
        const arriving = before ? first.map((_, c) => sum(before, (p, l) => p * next[l]![c]!)) : first;
        forward.push(seen(at, arriving));
      });
      if (sides === 'left') return blanksOf(spelling).map((at) => forward[at]!);
      const behind: number[][] = [];
      let message = last;
      for (let at = symbols.length - 1; at >= 0; at--) {
        behind[at] = message;
        const own = symbols[at] === BLANK ? message : seen(at, message).map((p, c) => p * message[c]!);
        message = normalised(first.map((_, l) => sum(next[l]!, (p, c) => p * own[c]!)));
      }
      return blanksOf(spelling).map((at) => normalised(forward[at]!.map((p, c) => p * behind[at]![c]!)));
    });
}

/** Of one blank, exactly: the probability of the whole word with each letter in it, made to add up to 1. */
export function ngramFill(words: Iterable<string>, order: number): Fill {
  const ngrams = new NGrams(words, order);
  return (spellings) =>
    spellings.map((spelling) => {
      const text = ngrams.framed(spelling);
      const at = text.indexOf(BLANK);
      const probabilities = letters.map((letter) => {
        const whole = text.replace(BLANK, letter);
        let product = 1;
        // Symbols further behind do not see the blank.
        for (let i = at; i < Math.min(at + order, whole.length); i++) {
          product *= ngrams.probability(whole.slice(i - order + 1, i), whole[i]!);
        }
        return product;
      });
      return [normalised(probabilities)];
    });
}

function blanksOf(spelling: string): number[] {
  return Array.from(spelling, (_, i) => i).filter((i) => spelling[i] === BLANK);
}

function normalised(values: readonly number[]): number[] {
  const total = sum(values, (value) => value);
  return values.map((value) => value / total);
}

function sum(values: readonly number[], term: (value: number, index: number) => number): number {
  return values.reduce((total, value, index) => total + term(value, index), 0);
}
