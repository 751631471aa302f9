/** Starting the script that the build puts beside the entry. */
import { UnsupportedError, WorkerError } from '../errors.ts';
import type { MessageTarget } from './channel.ts';

interface StartedScript {
  readonly target: MessageTarget;
  readonly end: () => void;
}

interface NodeWorker extends MessageTarget {
  on(event: 'error', listener: () => void): void;
  terminate(): unknown;
}

type NodeWorkerConstructor = new (url: URL, options: { execArgv: [] }) => NodeWorker;

interface Host {
  readonly process?: {
    getBuiltinModule?: (name: string) => { Worker: NodeWorkerConstructor } | undefined;
  };
}

/** @throws UnsupportedError where there are no workers; WorkerError where one is refused */
export function startScript(): StartedScript {
  // Node's own first: a library may have put a global Worker beside it that is not quite the browsers'.
  const node = (globalThis as unknown as Host).process?.getBuiltinModule?.('node:worker_threads');
  if (!node && typeof Worker !== 'function') {
    throw new UnsupportedError(
      'startWorker: this host has no workers; use heed/pronounce and heed/pretrained',
    );
  }
  try {
    return node ? startInNode(node.Worker) : startInBrowser();
  } catch (cause) {
    throw notStarted(cause as Error);
  }
}

/** Says what to do about it. */
export function notStarted(cause: Error): WorkerError {
  const { href } = scriptUrl();
  // Its server moves packages, but not their workers, to a folder of this name.
  const remedy = href.includes('/.vite/')
    ? "put optimizeDeps: { exclude: ['heed'] } into Vite's configuration"
    : "serve it, and allow it in the page's policy (worker-src)";
  return new WorkerError(
    `startWorker: ${cause.message}: expected ${href}; ${remedy}, or give startWorker a worker of your own that runs heed/worker/serve`,
    { cause },
  );
}

function startInNode(NodeWorker: NodeWorkerConstructor): StartedScript {
  // Whatever the process preloads (a TypeScript loader, a tracer) is not for the worker.
  const worker = new NodeWorker(scriptUrl(), { execArgv: [] });
  // Stays, so that a worker that fails while it is being ended does not take the process along.
  worker.on('error', () => {});
  return { target: worker, end: () => void worker.terminate() };
}

function startInBrowser(): StartedScript {
  const worker = isElsewhere(scriptUrl())
    ? startImporting(scriptUrl())
    : // As it stands here, in one expression, bundlers know it; the path is that from the built entry.
      new Worker(new URL('./worker/script.js', import.meta.url), { type: 'module' });
  return { target: worker, end: () => worker.terminate() };
}

/** Whether heed was imported from another origin, whose scripts a worker may import but not be. */
function isElsewhere({ protocol, origin }: URL): boolean {
  return protocol.startsWith('http') && typeof location === 'object' && origin !== location.origin;
}

function startImporting({ href }: URL): Worker {
  const source = new Blob([`import ${JSON.stringify(href)};`], { type: 'text/javascript' });
  const url = URL.createObjectURL(source);
  const worker = new Worker(url, { type: 'module' });
  // By the time that it has something to say, it has been read.
  worker.addEventListener('message', () => URL.revokeObjectURL(url), { once: true });
  return worker;
}

/** Not as above: bundlers would take it for another file to ship. From `cjs/` it is the same. */
function scriptUrl(): URL {
  return new URL(import.meta.url.replace(/(cjs\/)?[^/]*$/, 'worker/script.js'));
}
