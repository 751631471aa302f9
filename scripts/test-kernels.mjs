// Runs the kernel specs (AssemblyScript, under as-pect) with the instruction sets of both binaries, and the matrix
// product's with every micro-kernel. as-pect exits with 0 when it finds no spec or no test, so the counts decide.
import { spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

const CONFIGS = { simd: 'as-pect.asconfig.json', relaxed: 'tests/kernels/relaxed.asconfig.json' };
const ALL = 'tests/kernels/**/*.spec.ts';
const PRODUCTS = 'tests/kernels/matmul*.spec.ts';
const RUNS = Object.keys(CONFIGS).flatMap((variant) => [
  { variant, microKernel: 0, specs: ALL },
  { variant, microKernel: 1, specs: PRODUCTS },
  { variant, microKernel: 2, specs: PRODUCTS },
]);
// Not the `asp` wrapper: it loses piped output when a test fails.
const AS_PECT = ['--enable-source-maps', 'node_modules/@as-pect/cli/lib/test.js', '--verbose', '--as-config'];

const sum = (output, pattern) => [...output.matchAll(pattern)].reduce((total, [, n]) => total + Number(n), 0);

const totals = { passed: 0, failed: 0, skipped: 0 };
let broken = false;
for (const { variant, microKernel, specs } of RUNS) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...AS_PECT, CONFIGS[variant]], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, MICRO_KERNEL: String(microKernel), KERNEL_SPECS: specs },
  });
  // The reporter writes to stderr, the compiler and the final summary to stdout.
  const report = stripVTControlCharacters(stderr);
  console.log(
    `── kernels, ${variant}, micro-kernel ${microKernel} ──\n${report}${stripVTControlCharacters(stdout)}`,
  );

  const passed = sum(report, /\[Summary\]: (\d+) pass/g);
  const failed = sum(report, /\[Summary\]: \d+ pass,\s+(\d+) fail/g);
  totals.passed += passed;
  totals.failed += failed;
  totals.skipped += [...report.matchAll(/\[Todo\]:/g)].length;
  if (status !== 0 || passed + failed === 0) {
    broken = true;
    console.log(
      `kernels, ${variant}, micro-kernel ${microKernel}: as-pect ended with ${status} after ${passed + failed} tests`,
    );
  }
}

console.log(`kernels: ${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = broken || totals.failed > 0 ? 1 : 0;
