/** Stands in for browserWorker.ts in `heed/assets`: a file, which strict policies allow. */
import type { BrowserWorker } from './browserWorker.ts';

/** An isolated page's server must send this file with `cross-origin-embedder-policy` too. */
export function browserWorker(): { worker: BrowserWorker; release(): void } {
  // The path is as seen from the bundle. Bundlers recognise the expression only as a whole.
  const worker = new Worker(new URL('../thread.js', import.meta.url), { type: 'module' });
  return { worker: worker as BrowserWorker, release: () => {} };
}
