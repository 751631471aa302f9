/** A pronouncer in a worker. */
import { DisposedError } from '../errors.ts';
import type {
  PronounceOptions,
  Pronouncer,
  PronouncerOptions,
  Pronunciation,
} from '../pronounce/pronouncer.ts';
import type { Connection } from './connection.ts';
import type { PronouncedBatch, RuntimeFacts } from './service.ts';

/** What a pronouncer in a worker is made with. */
export interface WorkerPronouncerOptions extends PronouncerOptions {
  /** Ends the making, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Buffers of the options that are handed over rather than copied: here they are empty from then on. */
  readonly transfer?: readonly ArrayBuffer[];
}

export interface WorkerPronounceOptions extends PronounceOptions {
  /** Ends the work before the next 64 words, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Hears how many words of how many are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** `Pronouncer`, its results promised. Made by a worker's `createPronouncer`. */
export class WorkerPronouncer {
  readonly #connection: Connection;
  readonly #number: number;
  #disposed = false;

  /** @param number of the call that made it */
  constructor(connection: Connection, number: number) {
    this.#connection = connection;
    this.#number = number;
  }

  /** As `Pronouncer.pronounce`. @throws as it does; the signal's reason; DisposedError, WorkerError */
  async pronounce(
    word: Parameters<Pronouncer['pronounce']>[0],
    options: WorkerPronounceOptions = {},
  ): Promise<ReturnType<Pronouncer['pronounce']>> {
    return (await this.pronounceAll([word], options))[0]!;
  }

  /** As `Pronouncer.pronounceAll`. @throws as it does; the signal's reason; DisposedError, WorkerError */
  async pronounceAll(
    words: Parameters<Pronouncer['pronounceAll']>[0],
    { signal, onProgress, ...options }: WorkerPronounceOptions = {},
  ): Promise<ReturnType<Pronouncer['pronounceAll']>> {
    this.#check();
    const total = words?.length;
    const results = new Map<number, Pronunciation>();
    const onPart = (batch: PronouncedBatch): void => {
      for (const [index, pronunciation] of batch) results.set(index, pronunciation);
      onProgress?.(results.size, total);
    };
    await this.#connection.call('pronounceAll', [this.#number, words, options], { signal, onPart });
    return Array.from({ length: total }, (_, index) => results.get(index)!);
  }

  /** What its runtime is and holds at the moment. */
  async runtime(): Promise<RuntimeFacts> {
    this.#check();
    return this.#connection.call('runtimeOf', ['pronouncer', this.#number]);
  }

  /** Frees its memory in the worker. */
  dispose(): void {
    if (!this.#disposed) this.#connection.forget(this.#number);
    this.#disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #check(): void {
    if (this.#disposed) throw new DisposedError('pronouncer: used after its dispose()');
  }
}
