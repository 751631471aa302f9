// What a page may do depends on the headers it came with: threads, and WebAssembly itself.
import { visit } from './visit.mjs';

const BLOCKED = /Content.Security.Policy/i;

/** `reported` is what the browser itself says of a policy that was violated; heed must not add to it. */
const THREADS = [
  { policy: 'isolated', threads: 2 },
  { policy: 'isolated', threads: 2, inWorker: true, stalls: true },
  { policy: 'plain', threads: 1 },
  { policy: 'plain', threads: 1, inWorker: true },
  { policy: 'workerless', threads: 1, reported: BLOCKED },
  // The embedded source would be a blob: worker, which `worker-src 'self'` forbids.
  { policy: 'strict and isolated', threads: 1, reported: BLOCKED },
  { policy: 'strict and isolated', heed: '/heed/assets/index.js', threads: 2 },
  { policy: 'isolated', heed: '/heed/assets/index.js', threads: 2, inWorker: true, stalls: true },
];

/**
 * On an overloaded machine Firefox 153 now and then stops a worker that starts another, before that starts: not even its
 * timers fire. Once in some thirty visits; so it is visited again, and says so.
 */
const VISITS = 3;

export async function checkThreads(browser, site, { expect, note }) {
  for (const { policy, heed = '/heed/index.js', threads, inWorker, reported, stalls } of THREADS) {
    const worker = { module: '/pages/inWorker.js', kind: 'dedicated', worker: '/pages/threads.js' };
    const query = { policy, heed, ...(inWorker ? worker : { module: '/pages/threads.js' }) };
    const from = heed.includes('assets') ? ', assets' : '';
    const name = `${policy} page${inWorker ? ', in a worker' : ''}${from}`;
    let { report, said } = await visit(browser, site, query);
    for (let visits = 1; stalls && visits < VISITS && /in time/.test(report.error); visits++) {
      note(`${name}: ${report.error}; it is visited again`);
      ({ report, said } = await visit(browser, site, query));
    }
    expect(`${name}: threads: 2 gives ${threads}`, report.threads === threads, report);
    expect(`${name}: the results are those of one thread`, report.equal === true, report);
    const unexpected = said.filter((message) => !reported?.test(message));
    expect(`${name}: nothing else is reported`, unexpected.length === 0, unexpected.join('; '));
  }
}

export async function checkForbidden(browser, site, { expect }) {
  const query = { policy: 'without WebAssembly', module: '/pages/forbidden.js' };
  const { report, said } = await visit(browser, site, query);
  const { errors = [] } = report;
  const clear = ({ name, message }) =>
    name === 'UnsupportedError' && message.includes("'wasm-unsafe-eval' in script-src");
  const name = 'a page that forbids WebAssembly: an error that says what to add';
  expect(name, errors.length === 2 && errors.every(clear), report);
  const unexpected = said.filter((message) => !BLOCKED.test(message));
  expect('a page that forbids WebAssembly: nothing else is reported', unexpected.length === 0, unexpected);
}
