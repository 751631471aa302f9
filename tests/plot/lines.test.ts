import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { type AttentionMapInput, attentionLines } from '../../src/plot.ts';
import { testSeed } from '../support/random.ts';
import { anyLabel } from './maps.ts';
import { contrast, count, LOADS, withoutColours } from './markup.ts';
import { xmlProblem } from './wellFormed.ts';

/** Two words that change places. */
const turned: AttentionMapInput = {
  columns: ['woman', 'running'],
  rows: ['뛰는', '여자'],
  weights: [
    [0.1, 0.9],
    [0.97, 0.03],
  ],
  title: 'word order',
  columnsTitle: 'English',
  rowsTitle: 'Korean',
};

/** Labels with the middle and the width that they take, by a generous estimate. */
function labelsOf(svg: string): { label: string; from: number; to: number; y: number }[] {
  const found = svg.matchAll(
    /<text class="ink" x="([\d.]+)" y="([\d.]+)" font-size="14"[^>]*text-anchor="middle">([^<]*)</g,
  );
  return Array.from(found, ([, x, y, label]) => {
    const half = (stringWidth(label!) * 14 * 0.62) / 2;
    return { label: label!, from: Number(x) - half, to: Number(x) + half, y: Number(y) };
  }).filter(({ label }) => !label.includes('←'));
}

describe('attentionLines', () => {
  it('draws a line for each weight from the threshold, the heavy ones thick, dark and on top', () => {
    const svg = attentionLines(turned).toSVG();
    expect(xmlProblem(svg)).toBeUndefined();
    expect(svg).toContain('aria-label="attention lines: word order, from 2 above to 2 below"');
    expect(svg).toContain('>above: English · below: Korean</text>');
    const strokes = Array.from(
      svg.matchAll(/<path d="M[^"]*C[^"]*" stroke-width="([\d.]+)" stroke-opacity="([\d.]+)"/g),
      ([, width, opacity]) => [Number(width), Number(opacity)],
    );
    expect(strokes).toEqual([
      [0.8, 0.28],
      [7.2, 0.92],
      [7.8, 0.98],
    ]);
    expect(svg).toContain('>below 0.05: left out</text>');
    expect(count(attentionLines(turned).toSVG({ threshold: 0 }), 'class="touch"')).toBe(4);
    expect(count(attentionLines(turned).toSVG({ threshold: 0.95 }), 'class="touch"')).toBe(1);
  });

  it('crosses where the order changes', () => {
    const svg = attentionLines(turned).toSVG({ threshold: 0.5 });
    const ends = Array.from(
      svg.matchAll(/class="touch" d="M([\d.]+) [\d.]+C[^"]* ([\d.]+) [\d.]+">/g),
      (match) => [Number(match[1]), Number(match[2])],
    );
    expect(ends).toHaveLength(2);
    const [[above, below], [otherAbove, otherBelow]] = ends as [[number, number], [number, number]];
    expect(Math.sign(above - otherAbove)).toBe(-Math.sign(below - otherBelow));
  });

  it('shows each value when it is pointed at', () => {
    const svg = attentionLines(turned).toSVG();
    expect(svg).toContain('<title>여자 ← woman: 0.97</title>');
    expect(svg).toMatch(/class="value" visibility="hidden".*>여자 ← woman: 0\.97<\/text>/);
    expect(svg).toContain('.touch:hover+.value{visibility:visible}');
  });

  it('keeps labels of any script apart', () => {
    const columns = ['the', '東京都', '👩‍👩‍👧‍👦', '', 'running', '어텐션', '🇰🇷'];
    const rows = ['ありがとう', 'incomprehensible', '비'];
    const weights = rows.map(() => columns.map(() => 0.1));
    const labels = labelsOf(attentionLines({ columns, rows, weights }).toSVG());
    expect(labels).toHaveLength(columns.length + rows.length);
    for (const y of new Set(labels.map((each) => each.y))) {
      const line = labels.filter((each) => each.y === y);
      for (let i = 1; i < line.length; i++) expect(line[i]!.from - line[i - 1]!.to).toBeGreaterThan(10);
    }
  });

  it('writes labels upwards where they would not fit, and none is cut off', () => {
    const words = Array.from({ length: 40 }, (_, i) => `understanding ${i}`);
    const weights = words.map((_, r) => words.map((_, c) => Number(r === c)));
    const svg = attentionLines({ rows: words, columns: words, weights }).toSVG();
    expect(labelsOf(svg)).toHaveLength(0);
    const turns = Array.from(svg.matchAll(/translate\(([\d.]+) ([\d.]+)\) rotate\(-90\)/g), (match) => [
      Number(match[1]),
      Number(match[2]),
    ]);
    expect(turns).toHaveLength(80);
    expect(turns[1]![0]! - turns[0]![0]!).toBeGreaterThan(14);
    const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(svg)!;
    expect(Number(width)).toBeLessThan(1000);
    // The lower labels end where they start less their length.
    expect(turns[79]![1]! + 16 * 14 * 0.62).toBeLessThan(Number(height));
  });

  it('draws crossing lines in a terminal', () => {
    const text = attentionLines(turned).toTerminal();
    expect(text.split('\n')).toEqual([
      'word order',
      'above: English · below: Korean',
      'woman  running',
      '  ⠱⡀     ⡰⠁',
      '   ⠈⢆  ⢀⠜',
      '     ⠱⣠⠊',
      '     ⡠⠋⢆',
      '    ⡔⠁  ⠱⡀',
      '  ⢀⠎     ⠈⢆',
      ' 뛰는    여자',
      'solid from 0.5, dotted from 0.2',
    ]);
    expect(withoutColours(attentionLines(turned).toTerminal({ colour: true }))).toBe(text);
  });

  it('lists what each row attends to where a terminal is too narrow', () => {
    const columns = ['understanding', 'representation'];
    const text = attentionLines({ ...turned, columns }).toTerminal({ width: 26, threshold: 0.05 });
    expect(text.split('\n').slice(3)).toEqual([
      '뛰는 ←',
      'representation\u00a00.90,',
      'understanding\u00a00.10',
      '여자 ← understanding\u00a00.97',
    ]);
  });

  it('is a whole page with the weights as a table', () => {
    const page = attentionLines(turned).toHTML({ lang: 'ko', threshold: 0.5 });
    expect(xmlProblem(page)).toBeUndefined();
    expect(page).toContain('<title>word order</title>');
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).toContain('<th scope="row">여자</th><td>0.97</td><td>0.03</td>');
    expect(page).toContain('.touch:hover');
    expect(count(page, 'class="touch"')).toBe(2);
  });

  it('has lines that stand out from the light and the dark paper', () => {
    const svg = attentionLines(turned).toSVG();
    expect(svg).toContain('<g class="pen" fill="none" stroke="#1b1d22">');
    expect(svg).toContain('.pen{stroke:#eceef2}');
    expect(contrast('#1b1d22', '#ffffff')).toBeGreaterThan(7);
    expect(contrast('#eceef2', '#15171c')).toBeGreaterThan(7);
  });

  it.each([
    [[], ['x'], '0 × 1'],
    [['a', 'b'], [], '2 × 0'],
  ])('says so when there are no weights: %j', (rows, columns, size) => {
    const lines = attentionLines({ rows, columns, weights: [] });
    expect(lines.toTerminal()).toBe(`no weights: ${size}`);
    expect(lines.toSVG()).toContain(`>no weights: ${size}</text>`);
    expect(xmlProblem(lines.toHTML())).toBeUndefined();
  });

  it('draws a single line', () => {
    const one = attentionLines({ rows: ['a'], columns: ['b'], weights: [1] });
    expect(count(one.toSVG(), 'class="touch"')).toBe(1);
    expect(one.toTerminal().split('\n')).toEqual([
      'b',
      ...Array(6).fill('⡇'),
      'a',
      'solid from 0.5, dotted from 0.2',
    ]);
  });

  it('refuses what is no map and no threshold', () => {
    expect(() => attentionLines(null as never)).toThrow(
      new ArgumentError('attentionLines: expected an object with rows, columns and weights, got null'),
    );
    expect(() => attentionLines({ ...turned, weights: [1] })).toThrow(
      new ShapeError(
        'attentionLines: weights must hold 2 x 2 = 4 numbers (rows is [2], columns is [2]), got 1 numbers',
      ),
    );
    expect(() => attentionLines({ ...turned, weights: [0, 0, 0, Number.NaN] })).toThrow(
      new ArgumentError('attentionLines: weights must be numbers in [0, 1], got NaN at row 1, column 1'),
    );
    const lines = attentionLines(turned);
    for (const call of [lines.toSVG, lines.toTerminal, lines.toHTML]) {
      expect(() => call({ threshold: 2 })).toThrow(
        new ArgumentError('attentionLines: threshold must be a number in [0, 1], got 2'),
      );
    }
  });

  it('is well-formed, loads nothing, stays in the width and is the same each time, whatever comes', () => {
    const input = fc.record({
      rows: fc.array(anyLabel, { maxLength: 8 }),
      columns: fc.array(anyLabel, { maxLength: 8 }),
      title: fc.option(anyLabel, { nil: undefined }),
      columnsTitle: fc.option(anyLabel, { nil: undefined }),
      weight: fc.double({ min: 0, max: 1, noNaN: true }),
      width: fc.integer({ min: 24, max: 100 }),
    });
    fc.assert(
      fc.property(input, ({ rows, columns, weight, width, ...titles }) => {
        const weights = Float64Array.from(
          { length: rows.length * columns.length },
          (_, i) => (i * weight) % 1,
        );
        const drawn = attentionLines({ ...titles, rows, columns, weights });
        const [svg, page, plain] = [drawn.toSVG(), drawn.toHTML(), drawn.toTerminal({ width, threshold: 0 })];
        for (const each of [svg, page]) {
          expect(xmlProblem(each)).toBeUndefined();
          expect(each).not.toMatch(LOADS);
          expect(each).not.toMatch(/NaN|Infinity/);
        }
        expect(plain).not.toMatch(/[^\n\P{Cc}]|\p{Cs}/u);
        for (const line of plain.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(width);
        expect(drawn.toSVG()).toBe(svg);
      }),
      { numRuns: 100, seed: testSeed() },
    );
  });
});
