/**
 * What a thread of the pool runs. The build turns this file into a string (`build/thread.js`), so that starting a
 * thread needs no path. threads.ts holds the other end, threadProtocol.ts explains how they share work.
 */
import { instantiate, type Job, Word, workLeft } from './threadProtocol.ts';

/** What the pool sends a thread. */
export interface Start {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly job: Job;
  readonly microKernels: number;
  /** From 1: 0 is the pool's owner. */
  readonly thread: number;
}

/** A worker's end of its channel, in browsers and in Node. */
interface Port {
  postMessage(message: 'ready'): void;
  close(): void;
}

/**
 * How long a thread looks for the next job before it sleeps, in milliseconds: a model's layers follow at once, its next
 * call after the result was read. A thread that has slept may be woken on the core that its owner keeps busy, and share
 * it for a tenth of a second before the system moves it.
 */
const PATIENCE = 2;

function serve({ module, memory, job, microKernels, thread }: Start, port: Port): void {
  const kernels = Array.from({ length: microKernels }, (_, microKernel) =>
    instantiate(module, memory, microKernel),
  );
  const { words } = job;
  port.postMessage('ready');
  while (Atomics.load(words, Word.Stop) === 0) {
    const seen = Atomics.load(words, Word.Jobs);
    workLeft(job, kernels, thread);
    const until = performance.now() + PATIENCE;
    while (Atomics.load(words, Word.Jobs) === seen && performance.now() < until);
    Atomics.add(words, Word.Asleep, 1);
    Atomics.wait(words, Word.Jobs, seen);
    Atomics.sub(words, Word.Asleep, 1);
  }
  port.close();
}

const host = globalThis as unknown as Port & {
  process?: {
    getBuiltinModule?: (name: string) => {
      parentPort?: Port & { once(event: 'message', listener: (start: Start) => void): void };
    };
  };
  addEventListener(
    type: 'message',
    listener: (event: { data: Start }) => void,
    options: { once: true },
  ): void;
};
const node = host.process?.getBuiltinModule?.('node:worker_threads').parentPort;
if (node) node.once('message', (start) => serve(start, node));
else host.addEventListener('message', ({ data }) => serve(data, host), { once: true });
