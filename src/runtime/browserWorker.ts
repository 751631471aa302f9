/** How a browser's thread is started. `heed/assets` has browserWorker.assets.ts instead. */

/** A browser's worker, as the pool uses it. */
export interface BrowserWorker {
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: (() => void) | null;
  onerror: ((event: unknown) => void) | null;
}

/**
 * Starts a worker from its source, so that there is no path to configure. A page whose policy does not allow
 * `worker-src blob:` refuses it.
 * @returns `release`, to be called when it has started
 */
export function browserWorker(source: string): { worker: BrowserWorker; release(): void } {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  return { worker: new Worker(url) as BrowserWorker, release: () => URL.revokeObjectURL(url) };
}
