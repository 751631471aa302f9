/** docs/plots.md shows every plot, and its pictures are what `examples/plots.ts` wrote. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as plots from '../../src/plot.ts';
import { LOADS } from './markup.ts';
import { xmlProblem } from './wellFormed.ts';

const docs = fileURLToPath(new URL('../../docs', import.meta.url));
const page = readFileSync(`${docs}/plots.md`, 'utf8');
const pictures = readdirSync(`${docs}/plots`);

describe('docs/plots.md', () => {
  it.each(Object.keys(plots))('names %s', (name) => {
    expect(page).toContain(`\`${name}\``);
  });

  it('shows every picture', () => {
    const shown = Array.from(page.matchAll(/!\[[^\]]{20,}\]\(plots\/([\w-]+\.svg)\)/g), ([, name]) => name);
    expect(shown.sort()).toEqual(pictures.sort());
  });

  it.each(pictures)('%s is a whole SVG document, light and dark, of less than 150 kB', (name) => {
    const svg = readFileSync(`${docs}/plots/${name}`, 'utf8').trimEnd();
    expect(xmlProblem(svg)).toBeUndefined();
    expect(svg).not.toMatch(LOADS);
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg.length).toBeLessThan(150_000);
  });
});
