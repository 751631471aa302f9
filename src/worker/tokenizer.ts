/** A tokenizer in a worker. */
import type { Tokenizer } from '../pretrained/tokenizer.ts';
import type { Promised } from './promised.ts';
import type { TokenizerMethod } from './service.ts';

/** Asks for a method of the tokenizer. */
type Ask = <Method extends TokenizerMethod>(
  method: Method,
  ...args: Parameters<Tokenizer[Method]>
) => Promise<Awaited<ReturnType<Tokenizer[Method]>>>;

/** `Tokenizer`, its results promised. Made by a model's `tokenizer()`. */
export class WorkerTokenizer implements Pick<Tokenizer, 'special' | 'maxLength'> {
  readonly special: Tokenizer['special'];
  readonly maxLength: Tokenizer['maxLength'];
  readonly #ask: Ask;

  constructor({ special, maxLength }: Pick<Tokenizer, 'special' | 'maxLength'>, ask: Ask) {
    this.special = special;
    this.maxLength = maxLength;
    this.#ask = ask;
  }

  readonly encode: Promised<Tokenizer['encode']> = (...args) => this.#ask('encode', ...args);
  readonly decode: Promised<Tokenizer['decode']> = (...args) => this.#ask('decode', ...args);
  readonly offsets: Promised<Tokenizer['offsets']> = (...args) => this.#ask('offsets', ...args);
  readonly tokenOf: Promised<Tokenizer['tokenOf']> = (...args) => this.#ask('tokenOf', ...args);
  readonly idOf: Promised<Tokenizer['idOf']> = (...args) => this.#ask('idOf', ...args);
  readonly applyChatTemplate: Promised<Tokenizer['applyChatTemplate']> = (...args) =>
    this.#ask('applyChatTemplate', ...args);
}
