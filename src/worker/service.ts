/** What a worker does for a page. */
import { ArgumentError, DisposedError } from '../errors.ts';
import type { ModelSource } from '../io/modelSource.ts';
import { classify } from '../pretrained/classify.ts';
import { embed } from '../pretrained/embed.ts';
import { nextTurn } from '../pretrained/eventLoop.ts';
import { fillMask } from '../pretrained/fillMask.ts';
import { type GenerateOptions, generate } from '../pretrained/generate.ts';
import type { GeneratedToken, Generation, GenerationProgress } from '../pretrained/generation.ts';
import { type LoadModelOptions, loadModel, type PretrainedModel } from '../pretrained/loadModel.ts';
import { tokenClassify } from '../pretrained/tokenClassify.ts';
import type { Tokenizer } from '../pretrained/tokenizer.ts';
import { translate } from '../pretrained/translate.ts';
import {
  createPronouncer,
  type PronounceOptions,
  type Pronouncer,
  type PronouncerOptions,
  type Pronunciation,
} from '../pronounce/pronouncer.ts';
import { createRuntime, type RuntimeOptions } from '../runtime/load.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** A call, as what it calls sees it. */
export interface Call {
  /** Its number, which is also that of what it leaves open. */
  readonly number: number;
  /** Aborts when nobody waits for it any more. */
  readonly signal: AbortSignal;
  /** Sends something before the result. */
  tell(part: unknown): void;
}

/** The tasks of a loaded model that give one result. */
export const tasks = { classify, embed, fillMask, tokenClassify, translate } as const;
export type Tasks = typeof tasks;

/** What a tokenizer does that can be asked for from elsewhere. */
export type TokenizerMethod = 'applyChatTemplate' | 'decode' | 'encode' | 'idOf' | 'offsets' | 'tokenOf';

/** What a runtime is and holds at the moment. */
export interface RuntimeFacts extends Pick<Runtime, 'variant' | 'threads' | 'microKernel'> {
  /** Bytes in use, as `runtime.memory.usedBytes`. */
  readonly usedBytes: number;
  /** Bytes that it holds: memory of WebAssembly grows and never shrinks. */
  readonly capacityBytes: number;
}

interface Writing {
  readonly generation: Generation;
  readonly stop: AbortController;
  /** What is to be thrown when it is next asked for tokens. */
  failure?: { readonly error: unknown };
}

/** Some tokens of a text. */
export interface WrittenTokens extends Pick<GenerationProgress, 'promptIds' | 'finishReason'> {
  readonly tokens: readonly GeneratedToken[];
}

/** A page shows no more often what has been written, in milliseconds; a message for each token would take longer. */
const FRAME = 1000 / 60;

/** What calls have left open, by their numbers. */
class Opened<Item> {
  readonly #items = new Map<number, Item>();
  readonly #what: string;
  readonly #free: (item: Item) => void;

  constructor(what: string, free: (item: Item) => void) {
    this.#what = what;
    this.#free = free;
  }

  add(number: number, item: Item): void {
    this.#items.set(number, item);
  }

  /** @throws DisposedError */
  get(number: number): Item {
    const item = this.#items.get(number);
    if (item === undefined) throw new DisposedError(`${this.#what}: used after its dispose()`);
    return item;
  }

  release(number: number): void {
    const item = this.#items.get(number);
    this.#items.delete(number);
    if (item !== undefined) this.#free(item);
  }

  releaseAll(): void {
    for (const number of [...this.#items.keys()]) this.release(number);
  }
}

/** For one page. Each pronouncer and each model has a runtime of its own, whose memory goes when it is disposed of. */
export class Service {
  #started: { readonly number: number; readonly runtime: RuntimeOptions } | undefined;
  readonly #pronouncers = new Opened<Pronouncer>('pronouncer', (pronouncer) => pronouncer.dispose());
  readonly #models = new Opened<PretrainedModel>('model', (model) => {
    model.dispose();
    model.runtime.dispose();
  });
  readonly #writings = new Opened<Writing>('generation', ({ generation, stop }) => {
    stop.abort();
    // Its end is nobody's concern any more, however it comes.
    generation.return().catch(() => {});
  });

  /**
   * @param runtime what runtimes are made with unless asked for otherwise
   * @throws ArgumentError where somebody else is there, whose calls have the same numbers
   */
  start({ number }: Call, runtime: RuntimeOptions): void {
    if (this.#started) {
      throw new ArgumentError(
        'startWorker: somebody else uses this worker; give each a port of a MessageChannel',
      );
    }
    this.#started = { number, runtime };
  }

  async createPronouncer({ number }: Call, options: PronouncerOptions): Promise<void> {
    this.#pronouncers.add(number, await createPronouncer({ ...this.#started?.runtime, ...options }));
  }

  /** Tells each batch with its words' indices: so it can be stopped in between, and no message is long. */
  async pronounceAll(
    { signal, tell }: Call,
    pronouncer: number,
    words: readonly string[],
    options: PronounceOptions,
  ): Promise<void> {
    const batches = this.#pronouncers.get(pronouncer).pronounceBatches(words, options);
    for (const batch of batches) {
      tell(batch satisfies PronouncedBatch);
      await nextTurn();
      signal.throwIfAborted();
    }
  }

  async loadModel(
    { number, signal, tell }: Call,
    source: ModelSource,
    { runtime: own, ...options }: LoadModelOptions & { readonly runtime?: RuntimeOptions },
  ): Promise<Pick<PretrainedModel, 'kind' | 'config'> & { readonly name: string }> {
    const onProgress = (...progress: readonly [number, number]): void => tell(progress);
    const runtime = await createRuntime({ ...this.#started?.runtime, ...own });
    try {
      const model = await loadModel(runtime, source, { ...options, signal, onProgress });
      this.#models.add(number, model);
      return { kind: model.kind, config: model.config, name: model.folder.name };
    } catch (error) {
      runtime.dispose();
      throw error;
    }
  }

  runTask<Task extends keyof Tasks>(
    { signal }: Call,
    model: number,
    task: Task,
    inputs: Parameters<Tasks[Task]>[1],
    options: Parameters<Tasks[Task]>[2],
  ): ReturnType<Tasks[Task]> {
    const run = tasks[task] as (
      model: PretrainedModel,
      inputs: unknown,
      options: unknown,
    ) => ReturnType<Tasks[Task]>;
    return run(this.#models.get(model), inputs, { ...options, signal });
  }

  generate(
    { number }: Call,
    model: number,
    prompt: Parameters<typeof generate>[1],
    options: GenerateOptions,
  ): void {
    const stop = new AbortController();
    const generation = generate(this.#models.get(model), prompt, { ...options, signal: stop.signal });
    this.#writings.add(number, { generation, stop });
  }

  /** @returns the tokens of a sixtieth of a second, at least one; none where there are no more */
  async nextTokens(_: Call, number: number): Promise<WrittenTokens> {
    const writing = this.#writings.get(number);
    const { generation } = writing;
    if (writing.failure) throw writing.failure.error;
    const tokens: GeneratedToken[] = [];
    const until = performance.now() + FRAME;
    try {
      do {
        const { value } = await generation.next();
        if (value) tokens.push(value);
        else break;
      } while (performance.now() < until);
    } catch (error) {
      if (tokens.length === 0) throw error;
      // First those that were written before it.
      writing.failure = { error };
    }
    const { ids, promptIds, finishReason } = generation.progress;
    // Once is enough.
    return { tokens, finishReason, promptIds: ids.length === tokens.length ? promptIds : undefined };
  }

  readJSON(_: Call, model: number, file: string): Promise<unknown> {
    return this.#models.get(model).json(file);
  }

  async loadTokenizer(_: Call, model: number): Promise<Pick<Tokenizer, 'special' | 'maxLength'>> {
    const { special, maxLength } = await this.#models.get(model).tokenizer();
    return { special, maxLength };
  }

  async tokenize<Method extends TokenizerMethod>(
    _: Call,
    model: number,
    method: Method,
    args: Parameters<Tokenizer[Method]>,
  ): Promise<Awaited<ReturnType<Tokenizer[Method]>>> {
    const tokenizer = await this.#models.get(model).tokenizer();
    return (tokenizer[method] as (...all: unknown[]) => Awaited<ReturnType<Tokenizer[Method]>>)(...args);
  }

  runtimeOf(_: Call, kind: 'model' | 'pronouncer', number: number): RuntimeFacts {
    const { runtime } = (kind === 'model' ? this.#models : this.#pronouncers).get(number);
    const { variant, threads, microKernel, memory } = runtime;
    const { usedBytes, capacityBytes } = memory;
    return { variant, threads, microKernel, usedBytes, capacityBytes };
  }

  /** Frees what a call has opened, if it did. */
  release(number: number): void {
    if (this.#started?.number === number) this.#started = undefined;
    this.#writings.release(number);
    this.#models.release(number);
    this.#pronouncers.release(number);
  }

  dispose(): void {
    this.#writings.releaseAll();
    this.#models.releaseAll();
    this.#pronouncers.releaseAll();
  }
}

/** What `pronounceAll` tells. */
export type PronouncedBatch = readonly (readonly [index: number, pronunciation: Pronunciation])[];
