/**
 * docs/attention.md names a file, a test and a program for each mechanism. The files exist, and each program does what
 * the page promises: at most 60 lines, public API only, its stated accuracy in under 30 seconds, and a map to look at.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/attention.md'), 'utf8');
// What follows are figures.
const [tables] = page.split('## Held to PyTorch') as [string];
const rows = tables.split('\n').filter((line) => /^\| (?!name|---)/.test(line));
const folder = 'examples/attention';
/** `[luong.ts](../examples/attention/luong.ts) `concat`` in the last cell of a row: program and argument. */
const programs = [
  ...new Set(
    rows.flatMap((row) =>
      Array.from(row.matchAll(/\]\(\.\.\/examples\/attention\/([\w-]+\.ts)\)(?: `([\w-]+)`)?/g), (match) =>
        [match[1], match[2]].join(' ').trim(),
      ),
    ),
  ),
].sort();

describe('docs/attention.md', () => {
  it.each(rows.map((row) => [row.split('|')[1]!.trim(), row]))(
    '%s: equation, source, file, test, example',
    (_, row) => {
      const cells = row.split(/(?<!\\)\|/).slice(1, -1);
      expect(cells).toHaveLength(6);
      const links = [...row.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map((match) => match[1]!);
      for (const place of ['src/', 'tests/', 'examples/']) {
        expect(
          links.some((link) => link.startsWith(place)),
          `a link into ${place}`,
        ).toBe(true);
      }
      for (const link of links) expect(existsSync(join(root, link)), link).toBe(true);
    },
  );

  it('names every program of the folder', () => {
    const named = new Set(programs.map((program) => program.split(' ')[0]));
    expect([...named].sort()).toEqual(readdirSync(join(root, folder)).sort());
  });
});

describe('the programs of examples/attention', () => {
  it.each(readdirSync(join(root, folder)))('%s is short and imports only what is public', (name) => {
    const text = readFileSync(join(root, folder, name), 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(60);
    for (const [, module] of text.matchAll(/from '([^']+)'/g)) expect(module).toMatch(/^heed(\/\w+)?$/);
  });

  it.each(programs)('%s learns its task', async (program) => {
    const [name, ...args] = program.split(' ');
    const started = performance.now();
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', join(folder, name!), ...args],
      { cwd: root, timeout: 60_000 },
    );
    const seconds = (performance.now() - started) / 1000;
    const [line, reached, wanted] = /([\d.]+) % .*\(at least ([\d.]+) %\)/.exec(stdout) ?? [];
    expect(line, `a line that states the accuracy in: ${stdout}`).toBeDefined();
    expect(Number(reached)).toBeGreaterThanOrEqual(Number(wanted));
    expect(stdout, 'an attention map').toMatch(/[░▒▓█]/);
    expect(seconds).toBeLessThan(30);
    console.log(`${program}: ${line}, ${seconds.toFixed(1)} s`);
  });
});
