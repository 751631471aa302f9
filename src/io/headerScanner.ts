import { type Problems, quoted } from './problems.ts';

/** JSON as the header of a safetensors file may hold it. */
export type HeaderValue = string | number | Literal | readonly HeaderValue[] | HeaderObject;
export type HeaderObject = ReadonlyMap<string, HeaderValue>;

/** JSON that no field takes, as written: true, false, null, and numbers but the integers from 0 below 2^53. */
export interface Literal {
  readonly literal: string;
}

/** The key of the header that holds free-form strings instead of a tensor. */
export const METADATA = '__metadata__';

/** The header, its entries, and the lists in those: nothing valid nests deeper. */
const DEEPEST = 3;
const LONGEST_LITERAL = 64;
const JSON_LITERAL = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;
const INTEGER = /^\d+$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Whether text is valid Unicode: UTF-8 cannot hold half a surrogate pair. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** How messages call the entry of that key. */
export function entryLabel(key: string): string {
  return key === METADATA ? METADATA : `tensor ${quoted(key)}`;
}

/**
 * Reads the JSON header of a safetensors file in one pass over `text`. Unlike `JSON.parse` it sees duplicate keys
 * (compared after unescaping), keeps numbers as they were written, and cannot be made to recurse. Only spaces may
 * follow the closing brace. Duplicate keys are added to `problems`, the first value counts.
 *
 * @throws {FormatError} at the first fault of syntax, with the problems found before.
 */
export function scanHeader(text: string, problems: Problems): HeaderObject {
  return new HeaderScanner(text, problems).header();
}

class HeaderScanner {
  readonly #text: string;
  readonly #problems: Problems;
  #position = 0;
  /** The entry that is being read, for messages. */
  #entry: string | undefined;

  constructor(text: string, problems: Problems) {
    this.#text = text;
    this.#problems = problems;
  }

  header(): HeaderObject {
    if (this.#peek() !== OPEN_BRACE) this.#fail('expected { at the start');
    const header = this.#object(1);
    this.#entry = undefined;
    for (; this.#position < this.#text.length; this.#position++) {
      if (this.#text[this.#position] !== ' ') this.#fail('expected only spaces after the closing brace');
    }
    return header;
  }

  #value(depth: number): HeaderValue {
    switch (this.#peek()) {
      case QUOTE:
        return this.#string();
      case OPEN_BRACE:
        return this.#object(depth);
      case OPEN_BRACKET:
        return this.#array(depth);
      default:
        return this.#literal();
    }
  }

  #object(depth: number): HeaderObject {
    this.#enter(depth);
    const entries = new Map<string, HeaderValue>();
    if (this.#closes(CLOSE_BRACE)) return entries;
    do {
      this.#skipSpace();
      if (this.#peek() !== QUOTE) this.#fail('expected a key in double quotes');
      const key = this.#string();
      if (depth === 1) this.#entry = key;
      this.#skipSpace();
      if (this.#peek() !== COLON) this.#fail(`expected : after the key ${quoted(key)}`);
      this.#position++;
      this.#skipSpace();
      const value = this.#value(depth + 1);
      if (!entries.has(key)) entries.set(key, value);
      else this.#problems.add(`${this.#where()}: duplicate key ${quoted(key)}`);
    } while (this.#continues(CLOSE_BRACE));
    return entries;
  }

  #array(depth: number): readonly HeaderValue[] {
    this.#enter(depth);
    const elements: HeaderValue[] = [];
    if (this.#closes(CLOSE_BRACKET)) return elements;
    do {
      this.#skipSpace();
      elements.push(this.#value(depth + 1));
    } while (this.#continues(CLOSE_BRACKET));
    return elements;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#position;
    let escaped = false;
    for (let end = start + 1; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === QUOTE) {
        const string = escaped ? this.#unescaped(text.slice(start, end + 1)) : text.slice(start + 1, end);
        this.#position = end + 1;
        return string;
      }
      if (code < 0x20) this.#fail('control character in a string');
      if (code === BACKSLASH) {
        escaped = true;
        end++;
      }
    }
    return this.#fail('string without an end');
  }

  #unescaped(json: string): string {
    let string: string;
    try {
      string = JSON.parse(json);
    } catch {
      return this.#fail('invalid escape in a string');
    }
    if (!isWellFormed(string)) this.#fail('half a surrogate pair in a string');
    return string;
  }

  #literal(): number | Literal {
    const start = this.#position;
    const ahead = this.#text.slice(start, start + LONGEST_LITERAL + 1);
    const end = ahead.search(/[^-+.\w]/);
    const literal = end < 0 ? ahead : ahead.slice(0, end);
    if (literal.length > LONGEST_LITERAL || !JSON_LITERAL.test(literal)) this.#fail('expected a JSON value');
    this.#position = start + literal.length;
    const number = INTEGER.test(literal) ? Number(literal) : Number.NaN;
    return Number.isSafeInteger(number) ? number : { literal };
  }

  #enter(depth: number): void {
    if (depth > DEEPEST) this.#fail(`nested deeper than ${DEEPEST} levels`);
    this.#position++;
  }

  /** Whether an object or a list that was just entered is empty; if so it is left. */
  #closes(bracket: number): boolean {
    this.#skipSpace();
    if (this.#peek() !== bracket) return false;
    this.#position++;
    return true;
  }

  /** Whether a comma announces another element; otherwise the closing bracket has been passed. */
  #continues(bracket: number): boolean {
    this.#skipSpace();
    const code = this.#peek();
    if (code !== COMMA && code !== bracket) this.#fail(`expected , or ${String.fromCharCode(bracket)}`);
    this.#position++;
    return code === COMMA;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#peek();
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#position++;
    }
  }

  #peek(): number {
    return this.#text.charCodeAt(this.#position);
  }

  #where(): string {
    return this.#entry === undefined ? 'safetensors header' : entryLabel(this.#entry);
  }

  #fail(what: string): never {
    this.#problems.add(`${this.#where()}: ${what}, at character ${this.#position} of the header's JSON`);
    throw this.#problems.toError();
  }
}
