// What Node, Deno and Bun run: the suite on what is imported and on what is required, and what only servers have. Its last
// line of output is a report; then it must end by itself.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { checkFolders } from './folders.mjs';

const ENTRIES = { models: 'models', train: 'train', plot: 'plot', pronounce: 'pronounce' };
Object.assign(ENTRIES, { pretrained: 'pretrained', pipeline: 'pipeline' });

const host = JSON.parse(process.argv[2]);
// Deno adds a global of its own when it is first asked for one of these.
process.getBuiltinModule('node:fs/promises');
process.getBuiltinModule('node:worker_threads');
const globals = Object.getOwnPropertyNames(globalThis);

const before = performance.now();
const heed = await import('heed');
const entries = { heed };
for (const [name, path] of Object.entries(ENTRIES)) entries[name] = await import(`heed/${path}`);
const milliseconds = performance.now() - before;

const { runSuite } = await import('../suite/index.js');
const suites = { imported: await runSuite(entries, { ...host, globals, texts: true }) };
if (host.required) suites.required = await runSuite(required(), { ...host, globals, texts: true });
suites.folders = await checkFolders(entries, pathToFileURL(process.cwd()));
console.log(JSON.stringify({ version: versionOf(), milliseconds, suites }));

/** The same entries as CommonJS has them. */
function required() {
  const require = createRequire(import.meta.url);
  const pairs = Object.entries(ENTRIES).map(([name, path]) => [name, require(`heed/${path}`)]);
  return { heed: require('heed'), ...Object.fromEntries(pairs) };
}

function versionOf() {
  const { Bun, Deno } = globalThis;
  const engine = `V8 ${process.versions.v8}`;
  if (Deno) return `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}`;
  if (Bun) return `Bun ${Bun.version}`;
  return `Node ${process.versions.node}, ${engine}`;
}
