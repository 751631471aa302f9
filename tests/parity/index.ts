/**
 * `npm run parity -- [--json FILE] [--data FOLDER] [--only PATTERN] [--variant simd|relaxed]`: every case of the reference
 * data whose feature heed has, forward and gradients, against PyTorch's and ONNX's results.
 */
import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { type Variant, variants } from '../../src/runtime/variant.ts';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { DATA_FOLDER, readCases, type Source, sources } from './cases.ts';
import { report } from './report.ts';
import { type Row, runCase } from './run.ts';

interface ParityOptions {
  readonly json?: string;
  readonly data: string;
  readonly only?: string;
  readonly variant?: Variant;
}

/** The arguments are wrong, or the data are not there: nothing was compared. */
const USAGE = 2;

const program = new Command('parity')
  .description('compare heed with PyTorch and ONNX, case by case')
  .option('--json <file>', 'write a row for each case')
  .option('--data <folder>', 'folder that holds torch/ and onnx-node/', DATA_FOLDER)
  .option('--only <pattern>', 'cases whose source/name matches this regular expression')
  .addOption(new Option('--variant <variant>', 'instructions; the best by default').choices(variants))
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE));

const options = program.parse().opts<ParityOptions>();
try {
  process.exitCode = await parity(options);
} catch (error) {
  console.error(`parity: ${error instanceof Error ? error.message : error}`);
  process.exitCode = USAGE;
}

async function parity({ json, data, only = '', variant }: ParityOptions): Promise<number> {
  const pattern = new RegExp(only);
  const runtime = await trainingRuntime({ variant });
  const rows: Row[] = [];
  const absent: Source[] = [];
  try {
    for (const source of sources) {
      const cases = readCases(data, source);
      if (!cases) absent.push(source);
      for (const each of cases ?? []) {
        if (pattern.test(`${source}/${each.description.case}`)) rows.push(runCase(runtime, source, each));
      }
    }
  } finally {
    runtime.dispose();
  }
  if (absent.length === sources.length) {
    throw new RangeError(`no reference data in ${data}: expected an index.json in ${sources.join(', ')}`);
  }
  if (rows.length === 0) throw new RangeError(`no case matches ${only}`);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`);
  console.log(report(rows, absent, String(runtime.variant)));
  return rows.some(({ status }) => status === 'failed') ? 1 : 0;
}
