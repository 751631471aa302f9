import { ArgumentError } from '../../errors.ts';
import type { TextStream } from '../textStream.ts';
import type { Tokenizer } from '../tokenizer.ts';

/** What hears tokens as they are written: first the prompt's, then each of its own. */
export interface Streamer {
  put(ids: readonly (readonly number[])[]): void;
  end(): void;
}

export interface TextStreamerOptions {
  /** Whether the prompt is left out; false by default. */
  readonly skip_prompt?: boolean;
  /** true by default. */
  readonly skip_special_tokens?: boolean;
  /** Hears each piece of text. By default it is printed. */
  readonly callback_function?: (text: string) => void;
  /** Hears each token. */
  readonly token_callback_function?: (ids: readonly number[]) => void;
}

/** Tells text as it is written: `generator(prompt, { streamer: new TextStreamer(generator.tokenizer) })`. One text at a time. */
export class TextStreamer implements Streamer {
  readonly #tokenizer: Tokenizer;
  readonly #options: TextStreamerOptions;
  #stream: TextStream | undefined;

  constructor(tokenizer: Tokenizer, options: TextStreamerOptions = {}) {
    this.#tokenizer = tokenizer;
    this.#options = options;
  }

  /** @throws ArgumentError for more than one text */
  put(rows: readonly (readonly number[])[]): void {
    const [ids, ...others] = rows;
    if (!ids || others.length > 0) {
      throw new ArgumentError(`TextStreamer: expected one text, got ${rows.length}`);
    }
    const { skip_prompt = false, skip_special_tokens: skipSpecial = true } = this.#options;
    if (!this.#stream) {
      this.#stream = this.#tokenizer.stream({ skipSpecial }, skip_prompt ? ids : []);
      if (skip_prompt) return;
    }
    this.#options.token_callback_function?.(ids);
    this.#tell(ids.map((id) => this.#stream!.push(id)).join(''));
  }

  end(): void {
    const rest = this.#stream?.end() ?? '';
    this.#stream = undefined;
    this.#tell(rest);
  }

  #tell(text: string): void {
    if (text === '') return;
    (this.#options.callback_function ?? print)(text);
  }
}

function print(text: string): void {
  if (typeof process !== 'undefined' && process.stdout) process.stdout.write(text);
  else console.log(text);
}
