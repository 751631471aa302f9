/** A published model in a worker. */
import { ArgumentError, DisposedError } from '../errors.ts';
import type { ModelSource } from '../io/modelSource.ts';
import type { GenerateOptions, generate } from '../pretrained/generate.ts';
import type { Generation } from '../pretrained/generation.ts';
import type { LoadModelOptions, PretrainedModel } from '../pretrained/loadModel.ts';
import type { RuntimeOptions } from '../runtime/load.ts';
import type { Connection } from './connection.ts';
import { generateInWorker } from './generation.ts';
import type { Bound } from './promised.ts';
import type { RuntimeFacts, Tasks } from './service.ts';
import { WorkerTokenizer } from './tokenizer.ts';

/** As of `loadModel`. A worker fetches with its own `fetch`, into the platform's own cache or none. */
export interface WorkerLoadOptions extends Omit<LoadModelOptions, 'fetch' | 'cache'> {
  /** False for no cache; the platform's by default. */
  readonly cache?: false;
  /** What the model's runtime is made with, instead of what the worker was started with. */
  readonly runtime?: RuntimeOptions;
  /** Buffers of the source that are handed over rather than copied: here they are empty from then on. */
  readonly transfer?: readonly ArrayBuffer[];
}

/** What is known of a model as soon as it is loaded. */
export interface ModelFacts extends Pick<PretrainedModel, 'kind' | 'config'> {
  /** Where it came from. */
  readonly name: string;
}

/** `PretrainedModel` with what `heed/pretrained` does to one, its results promised. Made by a worker's `loadModel`. */
export class WorkerModel implements ModelFacts {
  readonly kind: PretrainedModel['kind'];
  readonly config: PretrainedModel['config'];
  readonly name: string;
  readonly #connection: Connection;
  readonly #number: number;
  #disposed = false;

  /** @param number of the call that loaded it */
  constructor(connection: Connection, number: number, { kind, config, name }: ModelFacts) {
    this.#connection = connection;
    this.#number = number;
    this.kind = kind;
    this.config = config;
    this.name = name;
  }

  /** Each as the function of `heed/pretrained`. @throws as that does; DisposedError, WorkerError */
  readonly classify: Bound<Tasks['classify']> = this.#task('classify');
  readonly embed: Bound<Tasks['embed']> = this.#task('embed');
  readonly fillMask: Bound<Tasks['fillMask']> = this.#task('fillMask');
  readonly tokenClassify: Bound<Tasks['tokenClassify']> = this.#task('tokenClassify');
  readonly translate: Bound<Tasks['translate']> = this.#task('translate');

  /**
   * As `generate` of `heed/pretrained`. Leaving the iteration frees its memory in the worker.
   * @throws DisposedError. While iterating what `generate` throws, wrong options included; WorkerError
   */
  generate(prompt: Parameters<typeof generate>[1], options: GenerateOptions = {}): Generation {
    this.#check();
    return generateInWorker(this.#connection, this.#number, prompt, options);
  }

  /** A JSON file of its folder, undefined where there is none. */
  async json(file: string): Promise<unknown> {
    this.#check();
    return this.#connection.call('readJSON', [this.#number, file]);
  }

  /** The folder's tokenizer. @throws as `PretrainedModel.tokenizer` does; DisposedError, WorkerError */
  async tokenizer(): Promise<WorkerTokenizer> {
    this.#check();
    const facts = await this.#connection.call('loadTokenizer', [this.#number]);
    return new WorkerTokenizer(facts, async (method, ...args) => {
      this.#check();
      return this.#connection.call('tokenize', [this.#number, method, args]) as Promise<never>;
    });
  }

  /** What its runtime is and holds at the moment. */
  async runtime(): Promise<RuntimeFacts> {
    this.#check();
    return this.#connection.call('runtimeOf', ['model', this.#number]);
  }

  /** Frees its memory in the worker. A second call does nothing. */
  dispose(): void {
    if (!this.#disposed) this.#connection.forget(this.#number);
    this.#disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #task<Task extends keyof Tasks>(task: Task): Bound<Tasks[Task]> {
    type Options = Parameters<Tasks[Task]>[2];
    const run = async (inputs: Parameters<Tasks[Task]>[1], options?: Options): Promise<unknown> => {
      this.#check();
      const { signal, ...rest } = options ?? {};
      return this.#connection.call('runTask', [this.#number, task, inputs, rest as Options], { signal });
    };
    return run as Bound<Tasks[Task]>;
  }

  #check(): void {
    if (this.#disposed) throw new DisposedError('model: used after its dispose()');
  }
}

/**
 * A source as it can be sent: URLs cannot, and files lose their paths and, sent by Node, their names.
 * @throws ArgumentError for two picked files of one path
 */
export function sendableSource(source: ModelSource): ModelSource {
  if (source instanceof URL) return source.href;
  const isPicked = Array.isArray(source) || (typeof FileList === 'function' && source instanceof FileList);
  if (!isPicked) return source;
  const files = new Map<string, File>();
  for (const file of source as Iterable<File>) {
    const path = file?.webkitRelativePath?.replace(/^[^/]*\//, '') || file?.name;
    if (files.has(path)) throw new ArgumentError(`loadModel: file ${JSON.stringify(path)} is there twice`);
    files.set(path, file);
  }
  return files;
}
