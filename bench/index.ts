/**
 * `npm run bench [-- --json FILE] [-- --variant simd|relaxed] [-- --threads N] [-- SUITE ...]`: our own kernels and models,
 * verified, then timed. Shares are of what one thread reaches at most.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRuntime, type RuntimeOptions } from '../src/runtime/load.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import type { Variant } from '../src/runtime/variant.ts';
import { kernelSuites } from './kernels/index.ts';
import { pronounceCases } from './pronounce.ts';
import { describeRoofline, measureRoofline } from './roofline.ts';
import { storiesCases } from './stories.ts';
import { type Case, describeHost, type Measured, runSuite } from './suite.ts';
import { voiceActivityCases } from './voiceActivity.ts';

const suites = { ...kernelSuites, 'voice-activity': voiceActivityCases };
/** Those that load a model first. */
const models = { pronounce: pronounceCases, stories: storiesCases };
const known = ['kernels', ...Object.keys(suites), ...Object.keys(models)];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    variant: { type: 'string' },
    threads: { type: 'string', default: '1' },
  },
});
const asked = positionals.length > 0 ? positionals : ['kernels', 'voice-activity', 'pronounce', 'stories'];
for (const name of asked) {
  if (!known.includes(name))
    throw new RangeError(`bench: unknown suite ${name}, expected one of ${known.join(', ')}`);
}
const names = new Set(asked.flatMap((name) => (name === 'kernels' ? Object.keys(kernelSuites) : name)));
const runtimeOptions = { variant: options.variant as Variant | undefined, threads: Number(options.threads) };

const measured: Measured[] = [];
const roofline = await measureRoofline();
console.log(describeRoofline(roofline));
for (const name of names) {
  const { cases, runtime } = await prepare(name, runtimeOptions);
  try {
    if (cases.length === 0) continue;
    measured.push(...(await runSuite(`${name}: ${describeHost(runtime)}`, cases, roofline, runtime.variant)));
  } finally {
    runtime.dispose();
  }
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(measured, null, 2)}\n`);

async function prepare(name: string, of: RuntimeOptions): Promise<{ cases: Case[]; runtime: Runtime }> {
  const create = suites[name as keyof typeof suites];
  if (!create) return models[name as keyof typeof models](of);
  const runtime = await createRuntime(of);
  return { cases: create(runtime), runtime };
}
