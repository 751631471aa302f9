// The requests that every place gets, and how near their answers must be.
import { setTimeout as sleep } from 'node:timers/promises';

const words = [
  'attention',
  'café',
  "it's",
  'encyclopedia',
  'sleeping',
  'pneumonoultramicroscopicsilicovolcanoconiosis',
];
const texts = ['Heed the sleeping dog.', 'Attentions, a dog', 'sleep'];

const post = (path, body, headers = { 'content-type': 'application/json' }) => [
  path,
  { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) },
];

const requests = {
  'pronounces words': post('/pronounce', { words }),
  'pronounces with a map': post('/pronounce', { words, beam: 2, map: true }),
  'pronounces in slices': post('/pronounce', { words: Array(20).fill(words).flat(), beam: 1 }),
  'embeds texts': post('/embed', { texts }),
  'refuses other characters': post('/pronounce', { words: ['a', 'r2d2'] }),
  'refuses unknown fields': post('/pronounce', { words, bem: 3 }),
  'refuses what is no JSON': post('/pronounce', '{'),
  'refuses long bodies': post('/pronounce', { words: ['a'.repeat(70_000)] }),
  'refuses other types': post('/pronounce', { words }, { 'content-type': 'text/plain' }),
  'refuses other methods': ['/embed', {}],
  'refuses other paths': ['/', {}],
};

/** What a service answers, by the request's name. */
export async function answersOf(url) {
  const answers = {};
  for (const [name, [path, init]] of Object.entries(requests)) {
    const response = await fetch(`${url}${path}`, init);
    answers[name] = {
      status: response.status,
      allow: response.headers.get('allow'),
      body: await response.json(),
    };
  }
  return answers;
}

/** A word's float32 sums have at most 512 terms of the order of 8, and are then rounded to four digits. */
const ABSOLUTE = 512 * 8 * 2 ** -24;
const RELATIVE = 1e-3;

/** Where two answers differ; undefined where they do not. Numbers of different binaries may differ in their last bits. */
export function difference(a, b, exact, at = '') {
  if (typeof a === 'number' && typeof b === 'number' && !exact) {
    const near = Math.abs(a - b) <= ABSOLUTE + RELATIVE * Math.max(Math.abs(a), Math.abs(b));
    return near ? undefined : `${at}: ${a}, ${b}`;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return a === b ? undefined : `${at}: ${JSON.stringify(a)}, ${JSON.stringify(b)}`;
  }
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) {
    const found = difference(a[key], b[key], exact, `${at}/${key}`);
    if (found) return found;
  }
  return undefined;
}

const list = (length) => post('/pronounce', { words: Array(length).fill('encyclopedia'), beam: 8 });
const short = post('/pronounce', { words: ['a'] });

/** What became of a request: `done`, or the code of its error. */
async function endOf(url, [path, init]) {
  const { results, error } = await (await fetch(`${url}${path}`, init)).json();
  return results ? 'done' : error.code;
}

/** Health is asked for while a long list is worked on. @returns whether that answered before the list was done */
export async function answersMeanwhile(url) {
  let done = false;
  const long = endOf(url, list(64)).finally(() => {
    done = true;
  });
  await sleep(20);
  const { status } = await fetch(`${url}/health`);
  return status === 200 && !done && (await long) === 'done';
}

/** More long lists than are worked on at once, and a short one. @returns how many were done and sent away, and the short one's end */
export async function crowd(url) {
  const lists = Array.from({ length: 8 }, () => endOf(url, list(16)));
  const [beside, ...ends] = await Promise.all([endOf(url, short), ...lists]);
  const count = (end) => ends.filter((each) => each === end).length;
  return { done: count('done'), busy: count('busy'), beside };
}

/** As many clients as are served at once hang up. @returns the milliseconds until there is a place again; at most `limit` */
export async function hangUp(url, limit) {
  const [path, init] = list(256);
  const clients = new AbortController();
  const { signal } = clients;
  const lists = Array.from({ length: 4 }, () => fetch(`${url}${path}`, { ...init, signal }).catch(() => {}));
  await sleep(100);
  clients.abort();
  await Promise.all(lists);
  const from = performance.now();
  while (performance.now() - from < limit && (await endOf(url, list(16))) === 'busy') await sleep(50);
  return performance.now() - from;
}
