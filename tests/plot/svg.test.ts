import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { attentionMap, attentionPage, attentionSheet } from '../../src/plot.ts';
import { testSeed } from '../support/random.ts';
import { anyMap, phone, uniform } from './maps.ts';
import { count, LOADS } from './markup.ts';
import { xmlProblem } from './wellFormed.ts';

describe('the check of well-formed XML', () => {
  it.each(['<a b="1"><c/>x &amp; y</a>', '<!DOCTYPE html>\n<a></a>\n'])('accepts %s', (text) => {
    expect(xmlProblem(text)).toBeUndefined();
  });
  it.each([
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a>&</a>',
    '<a b="<"/>',
    '<a b="1" b="2"/>',
    '<a>\u0001</a>',
    '<a>\ud800</a>',
    'x',
    '<a>]]></a>',
    '<a b=1/>',
  ])('rejects %j', (text) => {
    expect(xmlProblem(text)).toBeTypeOf('string');
  });
});

describe('toSVG', () => {
  it('shows every weight on hover, with its row and column', () => {
    const svg = phone().toSVG();
    expect(count(svg, '<rect class="cell"')).toBe(15);
    expect(svg).toContain('<title>OW1 ← o: 0.90</title>');
    expect(svg).toContain('role="img" aria-label="attention map: phone, 3 × 5 (phonemes × letters)"');
    expect(svg).toContain('>phonemes ↓ · letters →</text>');
    for (const label of ['p', 'h', 'o', 'n', 'e', 'F', 'OW1', 'N', 'phone'])
      expect(svg).toContain(`>${label}</text>`);
  });

  it('is colourless only where a style sheet would be: light colours are attributes, dark ones a media query', () => {
    const svg = phone().toSVG();
    expect(svg).toContain('<rect class="paper" width="272"');
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg.replace(/<style>.*<\/style>/, '')).not.toContain('style');
  });

  it('gives the ends of the scale their colours', () => {
    const svg = attentionMap({ rows: ['a'], columns: ['x', 'y'], weights: [0, 1] }).toSVG();
    expect(svg).toContain('fill="#440154"><title>a ← x: 0.00</title>');
    expect(svg).toContain('fill="#fde725"><title>a ← y: 1.00</title>');
  });

  it('rises evenly in lightness, so that it reads in grey', () => {
    const weights = Array.from({ length: 21 }, (_, step) => step / 20);
    const svg = attentionMap({ rows: ['a'], columns: weights.map(() => 'x'), weights }).toSVG();
    const greys = Array.from(svg.matchAll(/class="cell"[^>]*fill="#(..)(..)(..)"/g), ([, r, g, b]) =>
      [0.299, 0.587, 0.114].reduce((sum, share, at) => sum + share * Number.parseInt([r, g, b][at]!, 16), 0),
    );
    const rises = greys.slice(1).map((grey, at) => grey - greys[at]!);
    expect(greys).toHaveLength(21);
    expect(Math.min(...rises)).toBeGreaterThan(4);
    expect(Math.max(...rises)).toBeLessThan(16);
  });

  it('leaves room for long labels and titles', () => {
    const map = attentionMap({
      rows: ['a'.repeat(99)],
      columns: ['b'.repeat(99)],
      weights: [1],
      title: 'c'.repeat(200),
    });
    const svg = map.toSVG();
    expect(svg).toContain(`>${'a'.repeat(23)}…</text>`);
    expect(svg).toContain(`rotate(-90)">${'b'.repeat(19)}…</text>`);
    expect(svg).toContain(`<title>${'a'.repeat(99)} ← ${'b'.repeat(99)}: 1.00</title>`);
    expect(count(svg, 'font-weight="600"')).toBeGreaterThan(5);
  });

  it('draws 200 x 200 without values in the cells', () => {
    const svg = uniform(200, 200).toSVG();
    expect(count(svg, '<title>')).toBe(40_000);
    expect(svg).not.toContain('class="value" x');
    expect(xmlProblem(svg)).toBeUndefined();
  });

  it('draws a map without weights as a note', () => {
    const svg = attentionMap({ rows: [], columns: ['x'], weights: [] }).toSVG();
    expect(svg).toContain('no weights: 0 × 1');
    expect(xmlProblem(svg)).toBeUndefined();
  });

  it.each([3, Number.NaN, Number.POSITIVE_INFINITY, '28'])('rejects the cell size %s', (cellSize) => {
    const call = () => phone().toSVG({ cellSize: cellSize as number });
    expect(call).toThrow(ArgumentError);
    expect(call).toThrow(`toSVG: cellSize must be a finite number of at least 4, got ${cellSize}`);
  });
});

describe('attentionSheet', () => {
  it('stacks maps in one document with one legend', () => {
    const svg = attentionSheet([phone(), uniform(2, 2)]);
    expect(count(svg, '<svg ')).toBe(1);
    expect(count(svg, 'shape-rendering="crispEdges"')).toBe(1);
    expect(count(svg, '<rect class="cell"')).toBe(19);
    expect(svg).toContain('(phonemes × letters); attention map, 2 × 2"');
    expect(xmlProblem(svg)).toBeUndefined();
  });

  it('puts maps side by side, in rows that none leaves', () => {
    const maps = [phone(), uniform(2, 2), uniform(3, 1)];
    const sizeOf = (svg: string): number[] => /viewBox="0 0 (\S+) (\S+)"/.exec(svg)!.slice(1).map(Number);
    const [width, height] = sizeOf(attentionSheet(maps));
    const [wide, low] = sizeOf(attentionSheet(maps, { beside: 2 }));
    const [widest, lowest] = sizeOf(attentionSheet(maps, { beside: 3 }));
    expect([wide! > width!, widest! > wide!]).toEqual([true, true]);
    expect([low! < height!, lowest! < low!]).toEqual([true, true]);
    // Three places and no fourth map: nothing is wider for it.
    expect(sizeOf(attentionSheet(maps, { beside: 9 }))).toEqual([widest, lowest]);
    const rows = attentionSheet(maps, { beside: 2 }).matchAll(
      /<g transform="translate\((\S+) (\S+)\)"><text/g,
    );
    const places = Array.from(rows, ([, x, y]) => [Number(x), Number(y)] as const);
    // The legend is the last.
    expect(places).toHaveLength(4);
    expect(places[0]![1]).toBe(places[1]![1]);
    expect(places[2]![1]).toBeGreaterThan(places[1]![1]);
    expect(places[2]![0]).toBe(places[0]![0]);
    expect(xmlProblem(attentionSheet(maps, { beside: 2 }))).toBeUndefined();
  });

  it.each([0, 1.5, Number.NaN, -1])('refuses %s maps side by side', (beside) => {
    expect(() => attentionSheet([phone()], { beside })).toThrow(
      new ArgumentError(`attentionSheet: beside must be a positive integer, got ${beside}`),
    );
  });

  it('says so when there are no maps', () => {
    expect(attentionSheet([])).toContain('>no attention maps</text>');
    expect(xmlProblem(attentionSheet([]))).toBeUndefined();
  });
});

describe('toHTML and attentionPage', () => {
  it('is a whole page that forbids scripts and loading', () => {
    const page = phone().toHTML({ lang: 'en-GB' });
    expect(page).toMatch(/^<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8"\/>/);
    expect(page).toContain('name="viewport" content="width=device-width, initial-scale=1"');
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).toContain('<title>phone</title>');
    expect(page).toContain(
      '<th scope="row">OW1</th><td>0.00</td><td>0.00</td><td>0.90</td><td>0.06</td><td>0.04</td>',
    );
  });

  it('puts several maps in one page with one style sheet', () => {
    const page = attentionPage([phone(), uniform(2, 3)], { title: 'words & maps' });
    expect(count(page, '<figure>')).toBe(2);
    expect(count(page, '<style>')).toBe(1);
    expect(page).toContain('<title>words &amp; maps</title>');
    expect(page).toContain('<h2>phone</h2>');
    expect(page).toContain('<h2>Attention map 2 of 2</h2>');
    expect(attentionPage([])).toContain('No attention maps.');
  });

  it.each(['', 'e n', '"><script>', 7])('rejects the language %j', (lang) => {
    expect(() => phone().toHTML({ lang: lang as string })).toThrow(ArgumentError);
  });
});

it('every document is well-formed, loads nothing and is the same each time, whatever the labels', () => {
  fc.assert(
    fc.property(fc.array(anyMap, { maxLength: 2 }), fc.string({ unit: 'binary' }), (maps, title) => {
      const draw = () => [
        ...maps.map((map) => map.toSVG()),
        ...maps.map((map) => map.toHTML()),
        attentionSheet(maps),
        attentionPage(maps, { title }),
      ];
      const documents = draw();
      for (const document of documents) {
        expect(xmlProblem(document)).toBeUndefined();
        expect(document).not.toMatch(LOADS);
      }
      expect(draw()).toEqual(documents);
    }),
    { numRuns: 100, seed: testSeed() },
  );
});
