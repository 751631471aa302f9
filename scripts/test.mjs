// `npm test`: format and lint, types, build, kernel specs, then the TypeScript suites. The last line sums them up; a
// suite that ran no test counts as a failure.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';

const totals = { passed: 0, failed: 0, skipped: 0 };

/** A check without tests of its own: counts as one. */
function check(name, command, args) {
  console.log(`── ${name} ──`);
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status === 0) totals.passed += 1;
  else {
    totals.failed += 1;
    console.log(`${name}: failed with exit code ${status}`);
  }
  return status === 0;
}

function kernels() {
  console.log('── kernels ──');
  const { stdout } = spawnSync(process.execPath, ['scripts/test-kernels.mjs'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  console.log(stdout);
  const counts = /^kernels: (\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(stdout);
  add('kernels', counts ? counts.slice(1).map(Number) : [0, 0, 0]);
}

function suites() {
  console.log('── suites ──');
  const file = 'build/test-report/vitest.json';
  mkdirSync('build/test-report', { recursive: true });
  rmSync(file, { force: true });
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${file}`,
  ];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  let report = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    console.log(`suites: no report: ${error.message}`);
  }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = report;
  // A file that fails to load has no failed test of its own, and yet vitest fails.
  const failed = status !== 0 && numFailedTests === 0 ? 1 : numFailedTests;
  add('suites', [numPassedTests, failed, numPendingTests + numTodoTests]);
}

function add(name, [passed, failed, skipped]) {
  if (passed + failed === 0) {
    console.log(`${name}: no test ran`);
    totals.failed += 1;
  }
  totals.passed += passed;
  totals.failed += failed;
  totals.skipped += skipped;
}

const npm = (script) => ['npm', ['run', '--silent', script]];
const built = check('build', ...npm('build'));
check('lint', ...npm('lint'));
check('typecheck', ...npm('typecheck'));
if (built) {
  kernels();
  suites();
}
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 ? 1 : 0;
