/**
 * The literature's claims, made again: `npm run experiment -- NAME [--quick]`. Writes `experiments/NAME/result.json`, its
 * pictures, and its tables in `docs/experiments.md`; what `--quick` finds goes to `experiments/NAME/quick` instead.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DOCUMENT, withReport } from './document.ts';
import type { Experiment, Found, Result } from './experiment.ts';
import { machine } from './machine.ts';
import { runParts } from './parts.ts';
import { Progress } from './progress.ts';
import { experimentNames, loadExperiment } from './registry.ts';
import { formatResult } from './result.ts';

const USAGE = `npm run experiment -- NAME | all
  ${experimentNames.join(', ')}
  --quick        the two-minute version; its result goes to experiments/NAME/quick
  --seed N       of initial weights, order and dropout (1)
  --draw         pictures and tables from the result at hand, without training
  --fresh        trains again what an interrupted run has finished
  --processes N  how many parts at a time, one thread each (2, or as many as there are processors)
  --help`;

const root = fileURLToPath(new URL('..', import.meta.url));
const options = parsed();
process.chdir(root);

let passed = 0;
let failed = 0;
for (const name of options.names) {
  const experiment = await loadExperiment(name);
  const folder = join('experiments', name, options.quick ? 'quick' : '');
  const result = options.draw ? drawn(experiment, folder) : await made(experiment);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'result.json'), formatResult(result));
  const pictures = experiment.pictures(result);
  for (const [file, text] of Object.entries(pictures)) writeFileSync(join(folder, file), text);
  const report = experiment.report(result);
  if (!options.quick) writeFileSync(DOCUMENT, withReport(readFileSync(DOCUMENT, 'utf8'), name, report));
  console.log(`\n${name}: ${experiment.claim}\n\n${report}\n`);
  for (const check of result.checks) {
    console.log(`${check.passed ? 'passed' : 'FAILED'}: ${check.text}`);
    if (check.passed) passed++;
    else failed++;
  }
  console.log(
    `written: ${['result.json', ...Object.keys(pictures)].map((file) => join(folder, file)).join(', ')}`,
  );
}
console.log(`experiments: ${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

async function made(experiment: Experiment): Promise<Result<unknown, unknown>> {
  const { name } = experiment;
  const settings = options.quick ? experiment.settings.quick : experiment.settings.full;
  const progress = new Progress();
  try {
    const found: Found<unknown, unknown> = {
      experiment: name,
      command: `npm run experiment -- ${name}${options.quick ? ' --quick' : ''}${options.seed === 1 ? '' : ` --seed ${options.seed}`}`,
      seed: options.seed,
      machine: await machine(),
      settings,
      parts: await runParts({
        experiment: name,
        parts: experiment.parts(settings),
        settings,
        seed: options.seed,
        machine: await machine(),
        processes: options.processes,
        folder: join('training-runs', 'experiments', options.quick ? `${name}-quick` : name),
        // Two minutes are soon repeated, and CI must not find what it has not made.
        fresh: options.fresh || options.quick,
        progress,
      }),
    };
    return { ...found, checks: experiment.checks(found) };
  } finally {
    progress.stop();
  }
}

function drawn(experiment: Experiment, folder: string): Result<unknown, unknown> {
  const path = join(folder, 'result.json');
  if (!existsSync(path)) wrong(`--draw: there is no ${path}`);
  const result = JSON.parse(readFileSync(path, 'utf8')) as Result<unknown, unknown>;
  return { ...result, checks: experiment.checks(result) };
}

function parsed() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        draw: { type: 'boolean', default: false },
        fresh: { type: 'boolean', default: false },
        processes: { type: 'string', default: String(Math.min(2, cpus().length)) },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) wrong(`expected one NAME, got ${positionals.length}`);
    if (name !== 'all' && !experimentNames.includes(name)) wrong(`there is no experiment "${name}"`);
    return {
      ...values,
      names: name === 'all' ? experimentNames : [name],
      seed: positive('seed', values.seed),
      processes: positive('processes', values.processes),
    };
  } catch (error) {
    return wrong((error as Error).message);
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value > 0
    ? value
    : wrong(`--${name} must be a positive integer, got ${text}`);
}

function wrong(problem: string): never {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}
