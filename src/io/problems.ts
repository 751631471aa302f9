import { FormatError } from '../errors.ts';

const KEPT = 20;
const NAME_LENGTH = 80;

/** Collects what is wrong with a file, so that one FormatError lists it all. A hostile file fills no memory. */
export class Problems {
  readonly #sentences: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds one sentence, `<where>: <what is wrong>`. All are counted, the first twenty kept. */
  add(sentence: string): void {
    this.#count++;
    if (this.#sentences.length < KEPT) this.#sentences.push(sentence);
  }

  /** The error that lists them, to be thrown. */
  toError(): FormatError {
    const left = this.#count - this.#sentences.length;
    return new FormatError(
      left === 0
        ? this.#sentences
        : [...this.#sentences, `and ${left} further problem${left === 1 ? '' : 's'}`],
    );
  }
}

/** A name in double quotes, escaped, and cut where it is too long for a message. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH)}…` : name);
}
