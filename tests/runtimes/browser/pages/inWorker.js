// Starts another script elsewhere, which reports itself: `worker`, its path, and `kind`.
import { report } from './report.js';

const query = new URLSearchParams(location.search);
const path = query.get('worker') + location.search;
const type = query.get('type') ?? 'module';
// Of its own: Firefox takes minutes to let go of a scope's last worker.
const scope = `/pages/${query.get('id')}/`;
const failed = (event) => report(() => ({ error: event.message || 'the worker did not start' }));
const start = {
  dedicated: () => new Worker(path, { type }).addEventListener('error', failed),
  shared: () => new SharedWorker(path, { type }).addEventListener('error', failed),
  service: () => navigator.serviceWorker.register(path, { type, scope }).catch(failed),
};
start[query.get('kind')]();
