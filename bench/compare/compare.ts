/**
 * `npm run compare -- [--json FILE] [--only PREFIX] [--rounds N] [--write-readme]`: heed beside its peers, on the same
 * data in the same processes. `--table FILE` only writes a file's rows into the README.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Row } from './case.ts';
import { groupNames, measureGroup } from './groupProcess.ts';
import { requireBuild, requirePeers } from './requirements.ts';
import { describeRow, writeTable } from './table.ts';

/** Fewer say nothing on a shared machine. */
const FEWEST_ROUNDS = 15;

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '21' },
    table: { type: 'string' },
    'write-readme': { type: 'boolean', default: false },
  },
});

if (options.table) writeTable(JSON.parse(readFileSync(options.table, 'utf8')));
else await compare(Number(options.rounds));

async function compare(rounds: number): Promise<void> {
  if (!(Number.isInteger(rounds) && rounds >= FEWEST_ROUNDS)) {
    throw new RangeError(`compare: --rounds must be a whole number of at least ${FEWEST_ROUNDS}`);
  }
  requireBuild();
  const node = requirePeers();
  const [load, cores] = [loadavg()[0]!, cpus().length];
  if (load > cores / 2) {
    console.log(
      `The load is ${load.toFixed(1)} on ${cores} processors: what else runs will blur the medians.`,
    );
  }
  const rows: Row[] = [];
  const collect = (row: Row): void => {
    rows.push(row);
    console.log(describeRow(row));
    // After each row, so that an interrupted run leaves what it measured.
    if (options.json) writeFileSync(options.json, `${JSON.stringify(rows, null, 2)}\n`);
  };
  for (const group of groupNames) await measureGroup(node, group, { only: options.only, rounds }, collect);
  if ('cold-start'.startsWith(options.only.slice(0, 'cold-start'.length))) {
    // It needs a peer's package, which may have come only now.
    const { measureColdStart } = await import('./coldStart.ts');
    for (const row of await measureColdStart(node, rounds)) collect(row);
  }
  if (options['write-readme']) writeTable(rows);
  const failures = rows.filter(({ error }) => error !== undefined).length;
  console.log(`\n${rows.length} rows, ${failures} without numbers`);
  if (failures > 0 || rows.length === 0) process.exitCode = 1;
}
