// `npm run test:runtimes [-- --only PLACE]`: the installed package in each place where it is to run, and a line for each.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { createApp } from './app.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
process.chdir(root);

/** A place is a file of `places/`, which exports `run({ app, expected, place, ...options })` and counts its checks. */
const places = {
  'node-20': ['node'],
  // The relaxed kernels run through all suites here, and only here.
  'node-22': ['node', { suites: true }],
  'node-24': ['node', { suites: true }],
  'node-26': ['node'],
  deno: ['deno'],
  bun: ['bun'],
  workerd: ['workerd'],
  ssr: ['ssr'],
  edge: ['edge'],
  chromium: ['chromium'],
  firefox: ['firefox'],
  mv3: ['mv3'],
  worklet: ['worklet'],
  bundlers: ['bundlers'],
  worker: ['worker'],
  lasting: ['lasting'],
  site: ['site'],
};

const { values: options } = parseArgs({ options: { only: { type: 'string' } } });
if (options.only && !Object.hasOwn(places, options.only)) {
  console.error(`--only must be one of ${Object.keys(places).join(', ')}, got ${options.only}`);
  process.exit(2);
}

run('npm', ['ci', '--ignore-scripts', '--prefix', here]);
if (!existsSync('dist/pronounce.js')) run('npm', ['run', 'build']);
const app = createApp(root, join(root, 'build/runtimes/app'));
const expected = await fingerprintsHere();

const totals = { passed: 0, failed: 0, skipped: 0 };
for (const [place, [file, given]] of Object.entries(places)) {
  if (options.only && options.only !== place) continue;
  let counts = { passed: 0, failed: 1, skipped: 0 };
  try {
    counts = await (await import(`./places/${file}.mjs`)).run({ app, expected, place, ...given });
  } catch (error) {
    console.log(`${place}: ${error.stack}`);
  }
  // A place in which nothing ran has not been tested.
  if (counts.passed + counts.failed === 0) counts.failed = 1;
  console.log(`${place}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  for (const key of Object.keys(totals)) totals[key] += counts[key];
}
console.log(`runtimes: ${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 ? 1 : 0;

function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${status}`);
}

/** The bits that every place must have: those of the Node that runs this. */
async function fingerprintsHere() {
  const dist = (name) => import(pathToFileURL(join(app, `node_modules/heed/dist/${name}.js`)));
  const { fingerprints } = await import('./suite/index.js');
  return fingerprints({ heed: await dist('index'), models: await dist('models') }, {});
}
