// workerd, the open engine of Cloudflare's workers: no bytes may be compiled there, no text evaluated, and little memory taken.
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { openChecks } from '../checks.mjs';
import { serve, versionOf, writeConfig } from '../edge/workerd.mjs';
import { prepareServer } from '../server/run.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const TOKENIZERS = 'node_modules/@huggingface/tokenizers/dist/tokenizers.mjs';
/** With Node's modules, which are there by default from 2026-08-04 on, and without. */
const DATES = { 'with Node’s modules': '2026-10-01', 'without Node’s modules': '2026-01-01' };
/** The weights as text in a module, which is there to be imported, and as a file. */
const EMBEDDED = 'heed/data/pronounce.js';
const WEIGHTS = 'heed/weights/pronounce.safetensors';
/** Reading 4 MB of modules takes some time; starting to compute with them would take much more. */
const IMPORT_LIMIT = 300;
/** What Cloudflare grants: a second of processor time to start, and 128 MB. */
const START_LIMIT = 1000;
const MEMORY_LIMIT = 128e6;
/** workerd itself grows by 10 kB with each request for some hundreds of them. */
const GROWTH_LIMIT = 8e6;

export async function run({ app, expected }) {
  const checks = openChecks('workerd');
  const folder = join(dirname(app), 'workerd');
  const modules = prepare(app, folder);
  await bundle(app, folder);
  const latest = DATES['with Node’s modules'];
  const nothing = await startOf(folder, latest);
  checks.note(versionOf());
  checks.note(`nothing: answers ${described(nothing)}`);
  for (const [name, compatibilityDate] of Object.entries(DATES)) {
    const config = writeConfig(folder, 'worker', {
      modules: [['worker.js', 'worker.js'], ...modules],
      compatibilityDate,
    });
    await checkWorker(checks, config, name, { nothing, expected });
  }
  const bundled = [['worker.js', 'bundle/worker.js'], ...modules.filter(([as]) => as.endsWith('.wasm'))];
  const config = writeConfig(folder, 'bundle', { modules: bundled, compatibilityDate: latest });
  await checkWorker(checks, config, 'bundled', { nothing, expected });
  await checkLoading(checks, { app, folder, modules, compatibilityDate: latest });
  // Of heed what a service takes that pronounces.
  const needed = modules.filter(
    ([as]) => as.startsWith('heed/') && !as.includes('train') && !as.includes('relaxed'),
  );
  for (const [name, file, own] of [
    ['pronouncer', 'pronounce.js', [EMBEDDED]],
    ['pronouncer in 8 bits', 'pronounceSmall.js', [WEIGHTS]],
  ]) {
    const others = needed.filter(([as]) => as !== EMBEDDED);
    const all = [file, 'service.js', ...own].map((each) => [each === file ? 'worker.js' : each, each]);
    const path = writeConfig(folder, basename(file, '.js'), {
      modules: [...all, ...others],
      compatibilityDate: latest,
    });
    await checkService(checks, path, name);
  }
  return checks.counts;
}

/** What workerd itself takes. */
async function startOf(folder, compatibilityDate) {
  const { took, memory, close } = await serve(
    writeConfig(folder, 'empty', { modules: [['worker.js', 'empty.js']], compatibilityDate }),
  );
  const bytes = memory();
  await close();
  return { ...took, bytes };
}

/** Lays heed's files, the suite and the workers side by side. @returns [name, file] of every module */
function prepare(app, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(app, 'node_modules/heed/dist'), join(folder, 'heed'), { recursive: true });
  cpSync(join(app, 'suite'), join(folder, 'suite'), { recursive: true });
  cpSync(join(here, '../edge'), folder, { recursive: true });
  cpSync(join(app, TOKENIZERS), join(folder, basename(TOKENIZERS)), { dereference: true });
  const within = (path, ending) =>
    readdirSync(join(folder, path))
      .filter((name) => name.endsWith(ending) && !/iife|single|cli/.test(name))
      .map((name) => [`${path}/${name}`, `${path}/${name}`]);
  return [
    ...within('suite', '.js'),
    ...['heed', 'heed/chunks', 'heed/data'].flatMap((path) => within(path, '.js')),
    ...within('heed/wasm', '.wasm'),
    // workerd has no node_modules: names are paths, and those without dots begin where the importing module lies.
    ['heed/chunks/@huggingface/tokenizers', basename(TOKENIZERS)],
  ];
}

/** One file of all, as wrangler makes it: with esbuild, and binaries left beside it. */
function bundle(app, folder) {
  return build({
    ...{ absWorkingDir: folder, entryPoints: ['worker.js'], outfile: 'bundle/worker.js', bundle: true },
    ...{
      format: 'esm',
      target: 'es2022',
      conditions: ['workerd', 'worker', 'browser'],
      external: ['*.wasm'],
    },
    ...{ nodePaths: [join(app, 'node_modules')], logLevel: 'error' },
  });
}

async function checkWorker(checks, config, name, { nothing, expected }) {
  const { origin, took, memory, close } = await serve(config);
  const ask = async (path, body) => {
    const response = await fetch(origin + path, body && { method: 'POST', body: JSON.stringify(body) });
    return response.json();
  };
  const expect = (what, condition, detail) => checks.expect(`${name}: ${what}`, condition, detail);
  try {
    checks.note(`${name}: answers ${described({ ...took, bytes: memory() })}`);
    const importing = took.processorMilliseconds - nothing.processorMilliseconds;
    expect(
      `importing every entry takes less than ${IMPORT_LIMIT} ms`,
      importing < IMPORT_LIMIT,
      `${importing} ms`,
    );
    const results = await ask('/suite', { expected });
    if (Array.isArray(results)) checks.add(name, results);
    else expect('runs the suite', false, results);
    const relaxed = await ask('/relaxed');
    expect(
      'runs the relaxed binary, on one thread',
      String(relaxed.product) === '7,10,15,22' && relaxed.threads === 1,
      relaxed,
    );
    const compiled = await ask('/compile');
    expect(
      'says what to do without a module',
      compiled.name === 'UnsupportedError' && /module/.test(compiled.message),
      compiled,
    );
    const file = await ask('/file');
    expect('says that there is no such folder', /^(Unsupported|Argument)Error$/.test(file.name), file);
    // Otherwise the suite has not shown that heed does without.
    const evaluated = await ask('/eval');
    expect('forbids evaluating text', evaluated.name === 'EvalError', evaluated);
    const fetched = await ask('/fetch');
    expect('forbids fetching', fetched.name === 'Error', fetched);
  } finally {
    await close();
  }
}

/** A model over HTTP: the vectors of Node, and what is missing is said. */
async function checkLoading(checks, { app, folder, modules, compatibilityDate }) {
  await prepareServer(app);
  const served = join(app, 'models');
  const all = [['worker.js', 'models.js'], ...modules];
  const config = writeConfig(folder, 'models', { modules: all, compatibilityDate, served });
  const { origin, close } = await serve(config);
  try {
    const response = await fetch(`${origin}/embed`);
    const { vector, missing, left } = response.ok ? await response.json() : {};
    const expected = await vectorInNode(app, join(served, 'bert'));
    checks.expect('embeds with a model over HTTP as Node does', String(vector) === String(expected), vector);
    checks.expect('says that there is no such model', missing === 'FormatError', missing);
    checks.expect('leaves nothing of it behind', left === 0, left);
  } finally {
    await close();
  }
}

async function vectorInNode(app, model) {
  const entry = (name) => import(pathToFileURL(join(app, `node_modules/heed/dist/${name}.js`)));
  const [{ createRuntime }, { embed, loadModel }] = [await entry('index'), await entry('pretrained')];
  const runtime = await createRuntime({ variant: 'simd' });
  const [vector] = await embed(await loadModel(runtime, model), [[2, 5, 6, 7, 3]]);
  runtime.dispose();
  return [...vector];
}

/** The pronouncer alone: what it takes to start, and to go on. */
async function checkService(checks, config, name) {
  const { origin, took, memory, close } = await serve(config);
  const pronounce = async (words) => (await fetch(`${origin}/pronounce?words=${words}`)).json();
  const expect = (what, condition, detail) => checks.expect(`${name}: ${what}`, condition, detail);
  try {
    checks.note(`${name}: answers ${described({ ...took, bytes: memory() })}`);
    expect('starts within a second', took.processorMilliseconds < START_LIMIT, took);
    const before = performance.now();
    const { spoken } = await pronounce('attention+memory');
    checks.note(
      `${name}: the first words took ${(performance.now() - before).toFixed(0)} ms, ${megabytes(memory())}`,
    );
    expect('pronounces over HTTP', String(spoken) === 'əˈtɛnʃən,ˈmɛmɚi', spoken);
    for (let i = 0; i < 50; i++) await pronounce('attention+memory+knowledge');
    const [early, first] = [memory(), await pronounce('attention')];
    for (let i = 0; i < 200; i++) await pronounce('attention+memory+knowledge');
    const [late, last] = [memory(), await pronounce('attention')];
    checks.note(`${name}: ${megabytes(early)} after 50 requests, ${megabytes(late)} after 250`);
    expect('takes less than 128 MB', late < MEMORY_LIMIT, megabytes(late));
    expect('does not grow', late - early < GROWTH_LIMIT, megabytes(late - early));
    const same = first.usedBytes === last.usedBytes && first.capacityBytes === last.capacityBytes;
    expect('its own memory stays the same', same, { first, last });
  } finally {
    await close();
  }
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const described = ({ milliseconds, processorMilliseconds, bytes }) =>
  `${milliseconds.toFixed(0)} ms after its start (processor: ${processorMilliseconds} ms), ${megabytes(bytes)}`;
