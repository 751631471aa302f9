// A server on loopback for pages that report what they found. What a page may do depends on the headers it came with, so
// any path can be asked for with those of a policy: `?policy=strict`.
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const TYPES = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.html': 'text/html',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};
const STRICT = {
  'content-security-policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
};

/** Headers by name. */
const POLICIES = {
  plain: {},
  isolated: ISOLATION,
  workerless: { ...ISOLATION, 'content-security-policy': "worker-src 'none'" },
  strict: STRICT,
  'strict and isolated': { ...ISOLATION, ...STRICT },
  'without WebAssembly': { 'content-security-policy': "script-src 'self'" },
};

/** Where heed's optional packages lie: bare names become paths, as a development server makes them. */
const OPTIONAL = {
  '@huggingface/tokenizers': '/@huggingface/tokenizers/dist/tokenizers.mjs',
  '@huggingface/jinja': '/@huggingface/jinja/dist/index.js',
};

/** How long a page may take to report, in milliseconds. */
const PATIENCE = 120_000;

/**
 * @param app the folder that holds node_modules/heed
 * @param json values by path
 * @param answer `(request, response) => boolean`: whether it took the request
 */
export async function openSite({ app, json = {}, folders = {}, answer = () => false }) {
  const waiting = new Map();
  const roots = {
    '/heed/': join(app, 'node_modules/heed/dist/'),
    '/@huggingface/': join(app, 'node_modules/@huggingface/'),
    '/pages/': join(here, 'pages/'),
    '/suite/': join(here, '../suite/'),
    ...folders,
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const path = decodeURIComponent(pathname);
    if (answer(request, response)) return;
    if (path === '/report') return void takeReport(request, response, waiting, searchParams.get('id'));
    // Whoever is in an isolated page must ask for isolation too; nobody else notices.
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    response.setHeader('cross-origin-resource-policy', 'cross-origin');
    if (path === '/page.html') return sendPage(response, searchParams);
    for (const [name, value] of Object.entries(POLICIES[searchParams.get('policy')] ?? {})) {
      response.setHeader(name, value);
    }
    if (Object.hasOwn(json, path)) return send(response, '.json', JSON.stringify(json[path]));
    if (path === '/favicon.ico') return response.writeHead(204).end();
    sendFile(response, fileOf(roots, path));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  let visits = 0;
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    /** A number for a page to report with. */
    expectReport() {
      const id = String(++visits);
      return { id, reported: reportOf(id, waiting) };
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  };
}

/** What the page with this number will report. */
function reportOf(id, waiting) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ error: 'it did not report in time' }), PATIENCE);
    waiting.set(id, (value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

async function takeReport(request, response, waiting, id) {
  const parts = [];
  for await (const part of request) parts.push(part);
  // An extension's page comes from an origin of its own.
  response.writeHead(204, { 'access-control-allow-origin': '*' }).end();
  if (request.method !== 'POST') return;
  waiting.get(id)?.(JSON.parse(Buffer.concat(parts).toString()));
  waiting.delete(id);
}

/** A page without a word of script of its own: policies forbid that. */
function sendPage(response, searchParams) {
  for (const [name, value] of Object.entries({
    ...{ 'cross-origin-embedder-policy': 'unsafe-none' },
    ...POLICIES[searchParams.get('policy') ?? 'plain'],
  })) {
    response.setHeader(name, value);
  }
  const scripts = searchParams.getAll('script').map((path) => `<script src="${path}"></script>`);
  const modules = searchParams
    .getAll('module')
    .map((path) => `<script type="module" src="${path}"></script>`);
  const input = searchParams.has('input') ? '<input type="file" multiple>' : '';
  send(response, '.html', `<!doctype html><title>heed</title>${input}${scripts.join('')}${modules.join('')}`);
}

function send(response, extension, body) {
  response.setHeader('content-type', TYPES[extension]);
  response.end(body);
}

function fileOf(roots, path) {
  const safe = normalize(path);
  for (const [prefix, folder] of Object.entries(roots)) {
    if (safe.startsWith(prefix)) return join(folder, safe.slice(prefix.length));
  }
}

function sendFile(response, file) {
  if (!file || !existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
  response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
  if (extname(file) === '.js') response.end(withPaths(readFileSync(file, 'utf8')));
  else createReadStream(file).pipe(response);
}

function withPaths(text) {
  return Object.entries(OPTIONAL).reduce(
    (changed, [name, path]) => changed.replaceAll(`import("${name}")`, `import("${path}")`),
    text,
  );
}
