/** What `clean_up_tokenization_spaces` makes shorter: a text that ends in the beginning of one may lose its end. */
const cleaned = [' .', ' ?', ' !', ' ,', " ' ", " n't", " 'm", " 's", " 've", " 're"];

/** Tokens after which the earlier ones are left behind, and how many of the last stay. */
const LONG = 24;
const KEPT = 8;

/**
 * Text from tokens that come one at a time. What is emitted is never taken back: half a character, or a space that the
 * next token may swallow, waits. All that was emitted, with `end`, is what the tokens give when decoded together.
 */
export class TextStream {
  readonly #decode: (ids: readonly number[]) => string;
  /** The last tokens: enough that what they decode to ends as the whole does. */
  #ids: number[] = [];
  /** How much of their text has been emitted. */
  #emitted = 0;

  /** @param before tokens that were there already, whose text is not emitted again */
  constructor(decode: (ids: readonly number[]) => string, before: readonly number[] = []) {
    this.#decode = decode;
    if (before.length === 0) return;
    this.#ids = [...before];
    const text = decode(before);
    this.#emitted = text.length - uncertain(text);
    this.#forget(text);
  }

  /** @returns the text that has become certain; often empty */
  push(id: number): string {
    this.#ids.push(id);
    const text = this.#decode(this.#ids);
    const certain = text.length - uncertain(text);
    const delta = text.slice(this.#emitted, certain);
    this.#emitted = Math.max(this.#emitted, certain);
    this.#forget(text);
    return delta;
  }

  /** @returns the rest */
  end(): string {
    const rest = this.#decode(this.#ids).slice(this.#emitted);
    this.#ids = [];
    this.#emitted = 0;
    return rest;
  }

  /** Leaves tokens behind where all is certain and those that stay decode to the end of the text by themselves. */
  #forget(text: string): void {
    if (this.#ids.length < LONG || this.#emitted < text.length) return;
    const ids = this.#ids.slice(-KEPT);
    const end = this.#decode(ids);
    if (end.trim() === '' || !text.endsWith(end)) return;
    this.#ids = ids;
    this.#emitted = end.length;
  }
}

/** How many characters at the end the next token may change. */
function uncertain(text: string): number {
  const half = /\ufffd+$/.exec(text);
  if (half) return half[0].length;
  for (let length = Math.min(3, text.length); length > 0; length--) {
    const end = text.slice(-length);
    if (cleaned.some((each) => each.length > length && each.startsWith(end))) return length;
  }
  return 0;
}
