/** A token as it is written. */
export interface GeneratedToken {
  readonly id: number;
  /**
   * The text that has become certain with it: empty while a character is not whole or a stop sequence may have begun.
   * All of them together are the text; '' where there is no tokenizer.
   */
  readonly text: string;
  /** By the model's own distribution, without temperature, cuts and penalties. */
  readonly logProbability: number;
  /** Of each layer what it looked at, [heads, tokens before it], one head for 'mean'; on request. */
  readonly weights?: readonly Float32Array[];
}

/** Why a text ended: by an end token, its length, a stop sequence, or because whoever read it left. */
export type FinishReason = 'end' | 'length' | 'stop' | 'left';

export interface GenerationResult {
  readonly finishReason: FinishReason;
  /** Of the prompt, with what the tokenizer added; empty where nothing was read yet. */
  readonly promptIds: readonly number[];
  /** All tokens written, with the end token, and those of a stop sequence. */
  readonly ids: readonly number[];
  /** What was written: behind the prompt's text, as it stands there, and without the stop sequence. */
  readonly text: string;
  /** Sum of the tokens'. */
  readonly logProbability: number;
}

/** What has been written so far. */
export interface GenerationProgress {
  promptIds?: readonly number[];
  ids: number[];
  text: string;
  logProbability: number;
  finishReason?: FinishReason;
}

/** A text as it is written: iterate over its tokens, or ask for all at once. */
export class Generation implements AsyncIterableIterator<GeneratedToken, undefined> {
  readonly #tokens: AsyncGenerator<GeneratedToken, undefined>;
  readonly #progress: GenerationProgress;

  /** Made by `generate`. */
  constructor(tokens: AsyncGenerator<GeneratedToken, undefined>, progress: GenerationProgress) {
    this.#tokens = tokens;
    this.#progress = progress;
  }

  next(): Promise<IteratorResult<GeneratedToken, undefined>> {
    return this.#tokens.next();
  }

  /** Leaves: what `break` in a loop calls. Frees the cache. */
  return(): Promise<IteratorResult<GeneratedToken, undefined>> {
    this.#progress.finishReason ??= 'left';
    return this.#tokens.return(undefined);
  }

  throw(error: unknown): Promise<IteratorResult<GeneratedToken, undefined>> {
    return this.#tokens.throw(error);
  }

  /** What has been written so far; `finishReason` once that is known. */
  get progress(): Readonly<GenerationProgress> {
    return this.#progress;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /**
   * Writes what is not yet written, and tells how it ended. After an error or an abort, what had been written.
   * @throws as iterating does
   */
  async result(): Promise<GenerationResult> {
    // Nothing to do with the tokens: they are counted where they are written.
    for await (const _ of this.#tokens);
    const { ids, text, logProbability, promptIds = [], finishReason = 'left' } = this.#progress;
    return { finishReason, promptIds, ids: [...ids], text, logProbability };
  }
}
