import { browserWorker } from './browserWorker.ts';
import type { Start } from './threadMain.ts';
import {
  type Cut,
  createJob,
  instantiate,
  type Job,
  type Kernel,
  kernelNames,
  publish,
  Word,
  workLeft,
} from './threadProtocol.ts';

/** How long a new thread may take until it is ready, in milliseconds; a host that blocks workers never answers. */
const START_TIMEOUT = 10_000;
/** How long the owner looks whether the last shares are finished before it sleeps, in milliseconds. */
const PATIENCE = 0.2;

/**
 * How long the owner steps aside for threads that it has just woken, in milliseconds. The system may have put them on the
 * owner's core; when the owner comes back, that core is busy and it gets another. Otherwise they share one for long.
 */
const STEP_ASIDE = 0.05;

/** A worker, of browsers or of Node. */
interface Worker {
  postMessage(message: Start): void;
  terminate(): unknown;
}

/**
 * Threads that share a runtime's memory and split single kernel calls among them. They sleep while there is nothing to
 * do. The owner works too, and only ever waits for shares that another thread has begun: one that died in its sleep is
 * not missed. (A thread cannot die within a share unless the host kills it; then the owner would wait for ever.)
 */
export class ThreadPool {
  /** How many threads work on a job, the owner's included. */
  readonly size: number;
  readonly #job: Job;
  readonly #workers: readonly Worker[];
  readonly #kernels: readonly (readonly Kernel[])[];
  readonly #indices: ReadonlyMap<string, number>;
  readonly #mayBlock: boolean;

  private constructor(
    module: WebAssembly.Module,
    job: Job,
    workers: readonly Worker[],
    kernels: readonly (readonly Kernel[])[],
  ) {
    this.size = workers.length + 1;
    this.#job = job;
    this.#workers = workers;
    this.#kernels = kernels;
    this.#indices = new Map(kernelNames(module).map((name, index) => [name, index]));
    this.#mayBlock = mayBlock(job);
  }

  /**
   * Starts `threads - 1` workers.
   * @param source build/thread.js
   * @param memory shared
   * @returns undefined where the host has no workers, or refuses them
   */
  static async start(
    source: string,
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    microKernels: number,
    threads: number,
  ): Promise<ThreadPool | undefined> {
    const workers: Worker[] = [];
    const started: Promise<void>[] = [];
    try {
      const job = createJob();
      for (let thread = 1; thread < threads; thread++) {
        const { worker, ready } = startWorker(source);
        workers.push(worker);
        started.push(ready);
        worker.postMessage({ module, memory, job, microKernels, thread });
      }
      await withTimeout(Promise.all(started));
      const kernels = Array.from({ length: microKernels }, (_, each) => instantiate(module, memory, each));
      return new ThreadPool(module, job, workers, kernels);
    } catch {
      // Whatever the host's reason, one thread computes the same.
      for (const worker of workers) worker.terminate();
      void Promise.allSettled(started);
      return undefined;
    }
  }

  /** Runs a kernel, cut into shares. @throws Error when a share trapped */
  run(kernel: string, microKernel: number, values: readonly number[], cut: Cut): void {
    const { words } = this.#job;
    const shares = publish(this.#job, this.#indices.get(kernel)!, microKernel, values, cut);
    Atomics.add(words, Word.Jobs, 1);
    const asleep = Atomics.load(words, Word.Asleep);
    Atomics.notify(words, Word.Jobs, shares - 1);
    // Nothing ends this wait but its time.
    if (asleep > 0 && this.#mayBlock) Atomics.wait(words, Word.Stop, 0, STEP_ASIDE);
    workLeft(this.#job, this.#kernels, 0);
    this.#awaitOthers();
    if (Atomics.exchange(words, Word.Failed, 0) > 0) throw new Error(`${kernel}: failed in a thread`);
  }

  /** Ends the threads. */
  dispose(): void {
    const { words } = this.#job;
    Atomics.store(words, Word.Stop, 1);
    Atomics.add(words, Word.Jobs, 1);
    Atomics.notify(words, Word.Jobs);
    for (const worker of this.#workers) worker.terminate();
  }

  #awaitOthers(): void {
    const { words } = this.#job;
    const until = performance.now() + PATIENCE;
    for (;;) {
      const pending = Atomics.load(words, Word.Pending);
      if (pending === 0) return;
      if (this.#mayBlock && performance.now() > until) Atomics.wait(words, Word.Pending, pending, 1);
    }
  }
}

/** A page's main thread may not sleep. */
function mayBlock({ words }: Job): boolean {
  try {
    Atomics.wait(words, Word.Left, 1, 0);
    return true;
  } catch {
    return false;
  }
}

async function withTimeout(ready: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('threads: not ready in time')), START_TIMEOUT);
  });
  try {
    await Promise.race([ready, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

interface NodeWorker extends Worker {
  once(event: 'message' | 'error' | 'exit', listener: (value: unknown) => void): void;
  unref(): void;
}

type NodeWorkerConstructor = new (source: string, options: { eval: true; execArgv: [] }) => NodeWorker;

interface Host {
  readonly process?: {
    getBuiltinModule?: (name: string) => { Worker: NodeWorkerConstructor } | undefined;
  };
}

/** @throws where there is neither kind of worker */
function startWorker(source: string): { worker: Worker; ready: Promise<void> } {
  const host = globalThis as unknown as Host;
  // Node's own first: a library may have put a global Worker beside it that is not quite the browsers'.
  const node = host.process?.getBuiltinModule?.('node:worker_threads');
  return node ? startInNode(node.Worker, source) : startInBrowser(source);
}

function startInNode(
  Worker: NodeWorkerConstructor,
  source: string,
): { worker: Worker; ready: Promise<void> } {
  // Whatever the process preloads (a TypeScript loader, a tracer) is not for these threads.
  const worker = new Worker(source, { eval: true, execArgv: [] });
  const ready = new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    // Stays, so that a thread that dies later does not take the process along.
    worker.once('error', reject);
    worker.once('exit', reject);
  });
  // A process that has nothing else to do may end, whether or not the runtime was disposed of.
  return { worker, ready: ready.finally(() => worker.unref()) };
}

function startInBrowser(source: string): { worker: Worker; ready: Promise<void> } {
  const { worker, release } = browserWorker(source);
  const ready = new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = reject;
  }).finally(release);
  return { worker, ready };
}
