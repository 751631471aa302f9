/** Workers of the sources as they are now: in a thread of their own, or at the other end of a channel. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { serve } from '../../src/worker/serve.ts';
import { type HeedWorker, type StartWorkerOptions, startWorker } from '../../src/worker/startWorker.ts';

/** Builds the script that workers run. */
export async function buildScript(): Promise<{ readonly script: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'heed-worker-'));
  const script = join(folder, 'script.mjs');
  await build({
    ...{
      entryPoints: ['src/worker/script.ts'],
      outfile: script,
      bundle: true,
      format: 'esm',
      target: 'es2022',
    },
    ...{ platform: 'browser', logLevel: 'error' },
  });
  return { script, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A worker in a thread, and the thread. Disposing of it ends the thread. */
export async function inThread(
  script: string,
  options: StartWorkerOptions = {},
): Promise<{ worker: HeedWorker; thread: Worker; [Symbol.asyncDispose](): Promise<void> }> {
  const thread = new Worker(script, { execArgv: [] });
  const worker = await startWorker({ ...options, worker: thread });
  return {
    worker,
    thread,
    async [Symbol.asyncDispose]() {
      worker.dispose();
      await thread.terminate();
    },
  };
}

/** A worker in this thread: what it sends can be looked at. */
export async function atPort(): Promise<{ worker: HeedWorker; port: MessagePort; [Symbol.dispose](): void }> {
  const { port1, port2 } = new MessageChannel();
  serve(port1);
  const worker = await startWorker({ worker: port2 });
  return { worker, port: port1, [Symbol.dispose]: () => worker.dispose() };
}
