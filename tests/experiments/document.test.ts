/**
 * What the repository shows of an experiment is what its result.json holds: the tables of docs/experiments.md, every
 * percentage in the prose around them, and the pictures.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DOCUMENT, reportIn, withReport } from '../../experiments/document.ts';
import type { Result } from '../../experiments/experiment.ts';
import { experimentNames, loadExperiment } from '../../experiments/registry.ts';
import { formatResult } from '../../experiments/result.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, DOCUMENT), 'utf8');

/** The percentages in a text, as they are written. */
function percentages(text: string): string[] {
  return Array.from(text.matchAll(/(\d+(?:\.\d+)?) %/g), (match) => match[1]!);
}

/** All numbers in a value of JSON. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

/** Whether a written percentage is one of the fractions, rounded as far as it is written. */
function isAmong(written: string, fractions: readonly number[]): boolean {
  const digits = written.split('.')[1]?.length ?? 0;
  return fractions.some((fraction) => (100 * fraction).toFixed(digits) === written);
}

describe.each(experimentNames)('%s', (name) => {
  const folder = join(root, 'experiments', name);
  const text = readFileSync(join(folder, 'result.json'), 'utf8');
  const result = JSON.parse(text) as Result<unknown, unknown>;

  it('is the full version, by its command, with all parts, and all that it checks holds', async () => {
    const experiment = await loadExperiment(name);
    expect(result.experiment).toBe(name);
    expect(result.command).toBe(`npm run experiment -- ${name}`);
    expect(result.settings).toEqual(experiment.settings.full);
    expect(Object.keys(result.parts)).toEqual(experiment.parts(result.settings));
    expect(experiment.checks(result)).toEqual(result.checks);
    expect(result.checks.length).toBeGreaterThan(0);
    expect(result.checks.filter(({ passed }) => !passed)).toEqual([]);
    expect(formatResult(result)).toBe(text);
  });

  it('has its tables in the page', async () => {
    const experiment = await loadExperiment(name);
    expect(reportIn(page, name)).toBe(experiment.report(result).trim());
  });

  it('is quoted right around the tables', () => {
    const from = page.lastIndexOf('\n## ', page.indexOf(`<!-- result of ${name} -->`));
    const next = page.indexOf('\n## ', from + 1);
    const prose = withReport(page.slice(from, next < 0 ? undefined : next), name, '');
    const numbers = numbersIn(result);
    expect(percentages(prose).filter((written) => !isAmong(written, numbers))).toEqual([]);
  });

  it('has the pictures that the figures give, and no others', async () => {
    const experiment = await loadExperiment(name);
    const pictures = experiment.pictures(result);
    expect(
      readdirSync(folder)
        .filter((file) => file.endsWith('.svg'))
        .sort(),
    ).toEqual(Object.keys(pictures).sort());
    for (const [file, drawn] of Object.entries(pictures)) {
      expect(readFileSync(join(folder, file), 'utf8') === drawn, `${file} is what --draw makes`).toBe(true);
      expect(page).toContain(`experiments/${name}/${file}`);
    }
  });
});

describe('the page', () => {
  it('shows pictures that exist', () => {
    const links = Array.from(page.matchAll(/\]\(\.\.\/([^)#]+)\)/g), (match) => match[1]!);
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });

  it('takes a report between its markers, and only there', () => {
    const text = 'a\n<!-- result of x -->\nold\n<!-- end of x -->\nb';
    expect(reportIn(text, 'x')).toBe('old');
    const changed = withReport(text, 'x', 'new');
    expect(reportIn(changed, 'x')).toBe('new');
    expect(changed.startsWith('a\n') && changed.endsWith('\nb')).toBe(true);
    expect(withReport(changed, 'x', 'new')).toBe(changed);
    expect(() => reportIn(text, 'y')).toThrow(/result of y/);
  });

  it('a percentage that no figure rounds to is found', () => {
    expect(percentages('from 3.14 % to 20 % of 12 words')).toEqual(['3.14', '20']);
    expect(isAmong('3.14', [0.03142])).toBe(true);
    expect(isAmong('3.15', [0.03142])).toBe(false);
    expect(isAmong('3', [0.03142])).toBe(true);
    expect(numbersIn({ a: [1, { b: 2 }], c: 'x', d: null })).toEqual([1, 2]);
  });
});
