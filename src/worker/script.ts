/** Starting the script that the build puts beside the entry. */
import { UnsupportedError, WorkerError } from '../errors.ts';
import type { MessageTarget } from './channel.ts';

const OWN = "give a worker of your own, which runs heed/worker/serve, as startWorker's option worker";

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
    throw new WorkerError(`startWorker: refused by the host: ${(cause as Error).message}; ${OWN}`, { cause });
  }
}

function startInNode(NodeWorker: NodeWorkerConstructor): StartedScript {
  // Whatever the process preloads (a TypeScript loader, a tracer) is not for the worker.
  const worker = new NodeWorker(scriptUrl(), { execArgv: [] });
  // Stays, so that a worker that fails while it is being ended does not take the process along.
  worker.on('error', () => {});
  return { target: worker, end: () => void worker.terminate() };
}

function startInBrowser(): StartedScript {
  const worker = startFromAnyOrigin();
  return { target: worker, end: () => worker.terminate() };
}

function startFromAnyOrigin(): Worker {
  try {
    // As it stands here, in one expression, bundlers know it; the name is that of the built script beside the entry.
    return new Worker(new URL('./workerScript.js', import.meta.url), { type: 'module' });
  } catch (error) {
    if ((error as Error).name !== 'SecurityError') throw error;
    // heed was imported from elsewhere, whose scripts a worker may import but not be.
    const source = `import ${JSON.stringify(scriptUrl().href)};`;
    const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    return new Worker(url, { type: 'module' });
  }
}

/** Not as above: bundlers would take it for another file to ship. */
function scriptUrl(): URL {
  return new URL(import.meta.url.replace(/[^/]*$/, 'workerScript.js'));
}
