import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { type AttentionHeadsInput, attentionHeads } from '../../src/plot.ts';
import { testSeed } from '../support/random.ts';
import { anyLabel } from './maps.ts';
import { count, LOADS, withoutColours } from './markup.ts';
import { xmlProblem } from './wellFormed.ts';

/** Two layers of two heads over two words: [layer][head], each [2, 2]. */
const flat = [
  [
    [1, 0, 0, 1],
    [0, 1, 1, 0],
  ],
  [
    [0.5, 0.5, 0.25, 0.75],
    [0.004, 0.996, 1, 0],
  ],
];
const small: AttentionHeadsInput = {
  rows: ['a', 'b'],
  columns: ['x', 'y'],
  layers: flat,
  title: 'two by two',
};

/** As many heads of as many words as asked for; each row is uniform. */
function uniform(layers: number, heads: number, length: number): AttentionHeadsInput {
  const words = Array.from({ length }, (_, i) => `word${i}`);
  const weights = new Float32Array(layers * heads * length * length).fill(1 / length);
  return { rows: words, columns: words, layers: weights, heads };
}

/** Left and top of what is moved. */
function moves(svg: string): [number, number][] {
  return Array.from(svg.matchAll(/<g transform="translate\(([\d.]+) ([\d.]+)\)"><rect/g), ([, x, y]) => [
    Number(x),
    Number(y),
  ]);
}

describe('attentionHeads', () => {
  it('draws each weight of each head, but not what would read as 0', () => {
    const svg = attentionHeads(small).toSVG();
    expect(xmlProblem(svg)).toBeUndefined();
    expect(svg).toContain('aria-label="attention of all heads: two by two, 2 × 2 heads, 2 × 2 each"');
    expect(count(svg, '<path class="cell"')).toBe(4 + 4 + 2);
    expect(svg).toContain('fill="#fde725"><title>layer 1, head 2, a ← y: 1.00</title>');
    expect(svg).toContain('<title>layer 2, head 1, b ← x: 0.25</title>');
    expect(count(svg, ', weights below 0.005</title>')).toBe(4);
  });

  it('writes labels on the outer edges only', () => {
    const svg = attentionHeads(uniform(4, 8, 12)).toSVG();
    // Column labels above the first layer's eight heads, row labels beside the first head of each of four layers.
    expect(count(svg, '>word3</text>')).toBe(8 + 4);
    expect(count(svg, 'rotate(-90)">word3</text>')).toBe(8);
    for (let layer = 1; layer <= 4; layer++) expect(count(svg, `>layer ${layer}</text>`)).toBe(1);
    expect(count(svg, '>head 8</text>')).toBe(4);
  });

  it('is readable at 4 x 8 heads of 12 x 12, in the width of a page', () => {
    const svg = attentionHeads(uniform(4, 8, 12)).toSVG();
    const [, width] = /width="([\d.]+)"/.exec(svg)!;
    expect(Number(width)).toBeLessThanOrEqual(1100);
    const [, size] = /font-size="(\d+)"[^>]*>word3</.exec(svg)!;
    expect(Number(size)).toBeGreaterThanOrEqual(8);
    expect(new Set(moves(svg).map(([, y]) => y)).size).toBe(4);
  });

  it('wraps the heads that do not fit, evenly, and keeps them apart', () => {
    const svg = attentionHeads(uniform(2, 8, 12)).toSVG({ width: 600 });
    const placed = moves(svg);
    const tops = [...new Set(placed.map(([, y]) => y))];
    expect(tops).toHaveLength(4);
    for (const top of tops) {
      const lefts = placed.filter(([, y]) => y === top).map(([x]) => x);
      expect(lefts).toHaveLength(4);
      const [, side] = /<rect width="(\d+)" height="\d+" fill="#440154">/.exec(svg)!;
      for (let i = 1; i < lefts.length; i++) expect(lefts[i]! - lefts[i - 1]!).toBeGreaterThan(Number(side));
      expect(lefts.at(-1)! + Number(side) + 32).toBeLessThanOrEqual(600);
    }
  });

  it('takes layers flat, heads flat or nested, and all of it flat, alike', () => {
    const nested = flat.map((heads) =>
      heads.map((head) => [head.slice(0, 2), Float32Array.from(head.slice(2))]),
    );
    const drawn = [
      attentionHeads(small),
      attentionHeads({ ...small, layers: nested }),
      attentionHeads({ ...small, layers: flat.map((heads) => Float64Array.from(heads.flat())) }),
      attentionHeads({ ...small, layers: flat.flat(2), heads: 2 }),
      attentionHeads({ ...small, heads: 2 }),
    ].map((heads) => heads.toSVG());
    expect(new Set(drawn).size).toBe(1);
  });

  it('draws the heads side by side in a terminal', () => {
    expect(attentionHeads(small).toTerminal({ width: 24 }).split('\n')).toEqual([
      'two by two',
      '   x y    x y',
      'layer 1',
      '  head 1 head 2',
      'a │██  │ │  ██│',
      'b │  ██│ │██  │',
      'layer 2',
      '  head 1 head 2',
      'a │▒▒▒▒│ │  ██│',
      'b │░░▓▓│ │██  │',
      '░ .25  ▒ .50  ▓ .75  █ 1',
    ]);
  });

  it('draws narrower heads where they would not fit, and wraps them', () => {
    const words = [...'abcdefghijkl'];
    const input = { ...uniform(1, 8, 12), rows: words, columns: words };
    const lines = attentionHeads(input).toTerminal({ width: 80 }).split('\n');
    expect(lines.filter((line) => line.startsWith('a │'))).toHaveLength(2);
    expect(lines.filter((line) => line.includes('head 4'))).toEqual([
      `  head 1${' '.repeat(9)}head 2${' '.repeat(9)}head 3${' '.repeat(9)}head 4`,
    ]);
    expect(lines[0]).toBe(`   ${Array(4).fill('abcdefghijkl').join('   ')}`);
  });

  it('draws heads that are too wide for a line as maps of their own', () => {
    const text = attentionHeads(uniform(1, 2, 60)).toTerminal({ width: 40 });
    expect(text).toContain('layer 1, head 2');
    expect(text).toMatch(/columns 1 to \d+ of 60/);
    for (const line of text.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(40);
  });

  it('gives wide characters two cells', () => {
    const input = { ...small, rows: ['비', '👩‍👩‍👧‍👦'], columns: ['여', '👋🏽'] };
    const lines = attentionHeads(input).toTerminal().split('\n');
    expect(lines[1]).toBe('    여👋🏽   여👋🏽');
    const borders = lines.filter((line) => line.endsWith('│')).map((line) => stringWidth(line));
    expect(borders).toHaveLength(4);
    expect(new Set(borders).size).toBe(1);
  });

  it('is a whole page with the weights as tables', () => {
    const page = attentionHeads(small).toHTML({ lang: 'ko' });
    expect(xmlProblem(page)).toBeUndefined();
    expect(page).toMatch(/^<!DOCTYPE html>\n<html lang="ko">/);
    expect(page).toContain('<title>two by two</title>');
    expect(page).toContain('Point at a part to see its value, or open the table.');
    expect(count(page, '<table>')).toBe(4);
    expect(page).toContain('<caption>layer 2, head 1</caption>');
    expect(page).toContain('<th scope="row">b</th><td>0.25</td><td>0.75</td>');
  });

  it.each<[Partial<AttentionHeadsInput>, string]>([
    [{ layers: [] }, '0 × 0 × 2 × 2'],
    [{ layers: [[]] }, '1 × 0 × 2 × 2'],
    [{ rows: [], layers: [[[], []]] }, '1 × 2 × 0 × 2'],
  ])('says so when there are no weights: %j', (part, sizes) => {
    const heads = attentionHeads({ ...small, ...part });
    expect(heads.toSVG()).toContain(`>no weights: ${sizes}</text>`);
    expect(heads.toTerminal()).toBe(`two by two\nno weights: ${sizes}`);
    expect(xmlProblem(heads.toHTML())).toBeUndefined();
  });

  it.each<[object, Error]>([
    [{ rows: 'ab' }, new ArgumentError('attentionHeads: rows must be an array of strings, got string')],
    [{ title: 1 }, new ArgumentError('attentionHeads: title must be a string, got number')],
    [{ layers: 1 }, new ArgumentError('attentionHeads: layers must be an array of layers, got number')],
    [{ layers: [null] }, new ArgumentError('attentionHeads: layers[0] must be an array of heads, got null')],
    [{ heads: 0 }, new ArgumentError('attentionHeads: heads must be a positive integer, got 0')],
    [
      { layers: flat.flat(2) },
      new ArgumentError('attentionHeads: heads must be given where layers is flat, got undefined'),
    ],
    [
      { layers: [1, 0, 0, 1], heads: 2 },
      new ShapeError('attentionHeads: layers must hold a multiple of 2 x 2 x 2 = 8 numbers, got 4'),
    ],
    [
      { layers: [[1, 0, 0]] },
      new ShapeError('attentionHeads: layers[0] must hold a multiple of 2 x 2 = 4 numbers, got 3'),
    ],
    [{ heads: 3 }, new ShapeError('attentionHeads: layers[0] must hold 3 heads, got 2')],
    [
      { layers: [flat[0], [flat[1]![0]]] },
      new ShapeError('attentionHeads: layers[1] must hold 2 heads, got 1'),
    ],
    [
      { layers: [[[1, 0]]] },
      new ShapeError(
        'attentionHeads: layers[0][0] must hold 2 x 2 = 4 numbers (rows is [2], columns is [2]), got 2 numbers',
      ),
    ],
    [
      { layers: [[[1, 0, Number.NaN, 0]]] },
      new ArgumentError('attentionHeads: layers[0][0] must be numbers in [0, 1], got NaN at row 1, column 0'),
    ],
  ])('refuses %j', (part, error) => {
    expect(() => attentionHeads({ ...small, ...part } as AttentionHeadsInput)).toThrow(error);
  });

  it('refuses sizes that are none', () => {
    expect(() => attentionHeads(null as never)).toThrow(
      new ArgumentError('attentionHeads: expected an object with rows, columns and layers, got null'),
    );
    expect(() => attentionHeads(small).toSVG({ width: 100 })).toThrow(
      new ArgumentError('toSVG: width must be a number from 320 to 4000, got 100'),
    );
    expect(() => attentionHeads(small).toTerminal({ width: 10 })).toThrow(ArgumentError);
    expect(() => attentionHeads(small).toHTML({ lang: '' })).toThrow(ArgumentError);
  });

  it('is well-formed, loads nothing, stays in the width and is the same each time, whatever comes', () => {
    const input = fc.record({
      rows: fc.array(anyLabel, { maxLength: 5 }),
      columns: fc.array(anyLabel, { maxLength: 12 }),
      layers: fc.integer({ min: 0, max: 3 }),
      heads: fc.integer({ min: 1, max: 5 }),
      title: fc.option(anyLabel, { nil: undefined }),
      rowsTitle: fc.option(anyLabel, { nil: undefined }),
      weight: fc.double({ min: 0, max: 1, noNaN: true }),
      width: fc.integer({ min: 24, max: 120 }),
    });
    fc.assert(
      fc.property(input, ({ rows, columns, layers, heads, weight, width, ...titles }) => {
        const head = Float32Array.from({ length: rows.length * columns.length }, (_, i) => (i * weight) % 1);
        const drawn = attentionHeads({
          ...titles,
          rows,
          columns,
          layers: Array.from({ length: layers }, () => Array(heads).fill(head)),
        });
        const [svg, page, plain] = [drawn.toSVG({ width: 320 }), drawn.toHTML(), drawn.toTerminal({ width })];
        for (const each of [svg, page]) {
          expect(xmlProblem(each)).toBeUndefined();
          expect(each).not.toMatch(LOADS);
        }
        expect(plain).not.toMatch(/[^\n\P{Cc}]|\p{Cs}/u);
        for (const line of plain.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(width);
        const coloured = withoutColours(drawn.toTerminal({ width, colour: true }));
        for (const line of coloured.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(width);
        expect(drawn.toSVG({ width: 320 })).toBe(svg);
      }),
      { numRuns: 100, seed: testSeed() },
    );
  });
});
