import { ArgumentError } from '../errors.ts';

/** Cuts a text that comes in pieces where a stop sequence begins, wherever the pieces end. */
export class StopSequences {
  readonly #sequences: readonly string[];
  /** What may yet turn out to be the beginning of one. */
  #held = '';

  /** @throws ArgumentError for an empty one */
  constructor(where: string, sequences: readonly string[]) {
    sequences.forEach((sequence, i) => {
      if (typeof sequence === 'string' && sequence !== '') return;
      throw new ArgumentError(`${where}: stop[${i}] must be a text that is not empty`);
    });
    this.#sequences = sequences;
  }

  /** @returns the text that is certainly before any of them, and whether one has come */
  push(piece: string): { readonly text: string; readonly stopped: boolean } {
    const text = this.#held + piece;
    const places = this.#sequences.map((sequence) => text.indexOf(sequence)).filter((at) => at >= 0);
    if (places.length > 0) {
      this.#held = '';
      return { text: text.slice(0, Math.min(...places)), stopped: true };
    }
    const certain = text.length - this.#beginning(text);
    this.#held = text.slice(certain);
    return { text: text.slice(0, certain), stopped: false };
  }

  /** @returns what was held back */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  /** How many characters at the end begin a sequence. */
  #beginning(text: string): number {
    const longest = this.#sequences.reduce((most, { length }) => Math.max(most, length), 0);
    for (let length = Math.min(longest - 1, text.length); length > 0; length--) {
      const end = text.slice(-length);
      if (this.#sequences.some((sequence) => sequence.length > length && sequence.startsWith(end)))
        return length;
    }
    return 0;
  }
}
