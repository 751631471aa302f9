import { WorkerError } from '../errors.ts';
import type { ModelSource } from '../io/modelSource.ts';
import type { RuntimeOptions } from '../runtime/load.ts';
import type { MessageTarget } from './channel.ts';
import { Connection } from './connection.ts';
import { notStarted, startScript } from './hostWorker.ts';
import { sendableSource, type WorkerLoadOptions, WorkerModel } from './model.ts';
import { WorkerPronouncer, type WorkerPronouncerOptions } from './pronouncer.ts';

export interface StartWorkerOptions {
  /**
   * A worker of your own, or a port to one, that runs `serve` of `heed/worker/serve`; for bundlers that do not know
   * `new Worker(new URL(...))`, shared workers and the like. Yours to end. By default a new one is started.
   */
  readonly worker?: MessageTarget;
  /** What the runtimes of its models and pronouncers are made with, unless they say otherwise. */
  readonly runtime?: RuntimeOptions;
  /** Ends the start, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a worker that pronounces and runs published models, so that the page stays free: `using worker = await
 * startWorker()`. Several can run side by side.
 * @throws UnsupportedError where the host has no workers; WorkerError for one that does not start; ArgumentError for a
 *   `worker` that is none; the signal's reason
 */
export async function startWorker({
  worker,
  runtime = {},
  signal,
}: StartWorkerOptions = {}): Promise<HeedWorker> {
  signal?.throwIfAborted();
  const { target, end } = worker === undefined ? startScript() : { target: worker };
  const connection = new Connection(target, end);
  try {
    await connection.call('start', [runtime], { signal });
  } catch (error) {
    connection.close(error);
    throw worker === undefined && error instanceof WorkerError ? notStarted(error) : error;
  }
  return new HeedWorker(connection);
}

/** A worker that computes for this page. Made by `startWorker`. */
export class HeedWorker {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** As `createPronouncer` of `heed/pronounce`. @throws as it does; the signal's reason; DisposedError, WorkerError */
  async createPronouncer({
    signal,
    transfer,
    ...options
  }: WorkerPronouncerOptions = {}): Promise<WorkerPronouncer> {
    const { number } = await this.#connection.open('createPronouncer', [options], { signal, transfer });
    return new WorkerPronouncer(this.#connection, number);
  }

  /**
   * As `loadModel` of `heed/pretrained`, on a runtime of the model's own.
   * @throws as it does; the signal's reason; DisposedError, WorkerError
   */
  async loadModel(source: ModelSource, options: WorkerLoadOptions = {}): Promise<WorkerModel> {
    const { signal, onProgress, transfer, hub, ...rest } = options;
    const onPart = onProgress && ((progress: readonly [number, number]) => onProgress(...progress));
    const sent = { ...rest, ...(hub !== undefined && { hub: String(hub) }) };
    const { number, value } = await this.#connection.open('loadModel', [sendableSource(source), sent], {
      ...{ signal, transfer, onPart },
    });
    return new WorkerModel(this.#connection, number, value);
  }

  /** Ends the worker, and with it all that it holds. What is under way is rejected with a DisposedError. */
  dispose(): void {
    this.#connection.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
