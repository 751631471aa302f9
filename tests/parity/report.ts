/** Rows as text: totals, and each row that did not pass. */
import { type Source, sources } from './cases.ts';
import type { Row } from './run.ts';

const statuses = ['passed', 'failed', 'not run'] as const;

function totals(rows: readonly Row[]): string {
  return statuses
    .map((status) => `${rows.filter((row) => row.status === status).length} ${status}`)
    .join(', ');
}

/** Each failed and each not-run case with its reason, then the totals by source. */
export function report(rows: readonly Row[], absent: readonly Source[], variant: string): string {
  const others = rows.filter(({ status }) => status !== 'passed').map(describe);
  const present = sources.filter((source) => rows.some((row) => row.source === source));
  return [
    ...others,
    ...absent.map((source) => `${source}: absent`),
    ...present.map((source) => `${source}: ${totals(rows.filter((row) => row.source === source))}`),
    `parity, ${variant}: ${totals(rows)}`,
  ].join('\n');
}

function describe({ case: name, source, status, maxError, tolerance, reason }: Row): string {
  const numbers =
    tolerance === null
      ? ''
      : ` (error ${maxError?.toExponential(2) ?? 'infinite'}, allowed ${tolerance.toExponential(2)})`;
  return `${status.padEnd(7)}  ${source}/${name}: ${reason ?? ''}${status === 'failed' ? numbers : ''}`;
}
