import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { type AttentionOverlayInput, attentionOverlay } from '../../src/plot.ts';
import { testSeed } from '../support/random.ts';
import { anyLabel } from './maps.ts';
import { count, LOADS, withoutColours } from './markup.ts';
import { xmlProblem } from './wellFormed.ts';

/** A white bar in the left half of a black picture, read from left to right. */
const bar: AttentionOverlayInput = {
  image: { width: 4, height: 2, pixels: [0, 1, 0, 0, 0, 1, 0, 0] },
  rows: 1,
  columns: 2,
  steps: [
    { label: 'bar', weights: [0.9, 0.1] },
    { label: '<eos>', weights: [0.2, 0.8] },
  ],
  title: 'one bar',
};

describe('attentionOverlay', () => {
  it('draws one picture for each step, veiled where it did not look', () => {
    const svg = attentionOverlay(bar).toSVG();
    expect(xmlProblem(svg)).toBeUndefined();
    expect(svg).toContain('aria-label="attention over an image: one bar, 2 steps, 1 × 2 places"');
    expect(count(svg, '<path fill="#ffffff" d="M1 0h1v1h-1zM1 1h1v1h-1z"/>')).toBe(2);
    expect(count(svg, '<rect class="cell"')).toBe(4);
    expect(svg).toContain('>bar</text>');
    expect(svg).toContain('>&lt;eos&gt;</text>');
    // 4 x 2 pixels at 160 units: cells of 80 x 80. The veil of 0.1 beside 0.9 is 0.85 * (1 - 1 / 9).
    expect(svg).toContain(
      'x="0" y="0" width="80" height="80" fill="#7a808c" fill-opacity="0"><title>bar ← row 1, column 1: 0.90</title>',
    );
    expect(svg).toContain('fill-opacity="0.76"><title>bar ← row 1, column 2: 0.10</title>');
    expect(count(svg, '<rect x="80" y="0" width="80" height="80" stroke="#fff"')).toBe(1);
  });

  it('wraps the pictures, and takes their size', () => {
    const steps = Array.from({ length: 9 }, (_, i) => ({ label: `${i}`, weights: [0, 1] }));
    // The first is the heading's.
    const places = (svg: string) =>
      Array.from(svg.matchAll(/translate\((\S+) (\S+)\)/g), ([, x, y]) => [Number(x), Number(y)]).slice(1);
    const drawn = places(attentionOverlay({ ...bar, steps }).toSVG());
    expect(drawn.map(([x]) => x)).toEqual([16, 192, 368, 544, 16, 192, 368, 544, 16]);
    expect(new Set(drawn.map(([, y]) => y)).size).toBe(3);
    const small = attentionOverlay({ ...bar, steps }).toSVG({ pictureSize: 40 });
    expect(new Set(places(small).map(([, y]) => y)).size).toBe(2);
  });

  it('draws pictures in shades: heavy ones where it looked', () => {
    expect(attentionOverlay(bar).toTerminal().split('\n')).toEqual([
      'one bar',
      '░░██        ::░░░░',
      '░░██        ::░░░░',
      'bar       <eos>',
      '░▒▓█ looked at . : elsewhere',
    ]);
  });

  it('fades colours to grey where it did not look', () => {
    const overlay = attentionOverlay({ ...bar, steps: [{ label: 'bar', weights: [1, 0] }] });
    const [, picture] = overlay.toTerminal({ colour: true }).split('\n');
    const at = (grey: number) => `\u001b[38;2;${grey};${grey};${grey};48;2;${grey};${grey};${grey}m`;
    // Black at full weight, white, and black under a veil of three quarters.
    expect(picture).toBe(`${at(0)}▀▀${at(255)}▀▀${at(92)}▀▀▀▀\u001b[0m`);
  });

  it('takes grey, RGB and RGBA, in bytes or shares, alike', () => {
    const grey = [0, 1, 0.2, 0.4];
    const of = (pixels: ArrayLike<number>) =>
      attentionOverlay({ ...bar, image: { width: 2, height: 2, pixels } }).toSVG();
    const plain = of(grey);
    expect(of(Float32Array.from(grey))).toBe(plain);
    expect(of(Uint8Array.from(grey, (value) => 255 * value))).toBe(plain);
    expect(of(grey.flatMap((value) => [value, value, value]))).toBe(plain);
    expect(of(grey.flatMap((value) => [value, value, value, 1]))).toBe(plain);
    expect(
      of(Uint8ClampedArray.from(grey.flatMap((value) => [255 * value, 255 * value, 255 * value, 255]))),
    ).toBe(plain);
    // What is transparent shows white.
    expect(of([0, 1, 0.2, 0.4].flatMap((value) => [value, value, value, 0]))).toBe(of([1, 1, 1, 1]));
    expect(of([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])).toContain('fill="#ff0000" d="M0 0h1v1h-1z"');
  });

  it('averages a large image down', () => {
    const pixels = Float32Array.from({ length: 200 * 100 }, (_, i) => i % 2);
    const svg = attentionOverlay({ ...bar, image: { width: 200, height: 100, pixels } }).toSVG();
    expect(svg).toContain('scale(1.6667 1.6667)');
    expect(svg.length).toBeLessThan(60_000);
  });

  it('is a whole page with the weights of each step as a table', () => {
    const page = attentionOverlay(bar).toHTML({ lang: 'en-GB', pictureSize: 40 });
    expect(xmlProblem(page)).toBeUndefined();
    expect(page).not.toMatch(LOADS);
    expect(page).toContain('<title>one bar</title>');
    expect(count(page, '>one bar<')).toBe(2);
    expect(page).toContain('Point at a part to see its value, or open the table.');
    expect(page).toContain('<caption>2: &lt;eos&gt;</caption>');
    expect(page).toContain('<th scope="col">column 2</th>');
    expect(page).toContain('<th scope="row">row 1</th><td>0.20</td><td>0.80</td>');
    expect(page).toContain('width="20" height="20" fill="#7a808c"');
    const none = attentionOverlay({ ...bar, steps: [], title: undefined }).toHTML();
    expect(none).toContain('<h1>Attention over an image</h1>');
    expect(none).toContain('>no steps</text>');
    expect(none).not.toContain('<table>');
    expect(() => attentionOverlay(bar).toHTML({ lang: '' })).toThrow(ArgumentError);
  });

  it('writes the weight in a cell that has room for it, to be seen when it is pointed at', () => {
    const svg = attentionOverlay(bar).toSVG();
    expect(svg).toMatch(
      /<\/rect><text class="value" x="120" y="44"[^>]*visibility="hidden"[^>]*>0\.10<\/text>/,
    );
    expect(attentionOverlay(bar).toSVG({ pictureSize: 40 })).not.toContain('class="value"');
  });

  it('says so when there are no steps, and veils all when nothing was looked at', () => {
    const none = attentionOverlay({ ...bar, steps: [] });
    expect(none.toTerminal()).toBe('one bar\nno steps');
    expect(none.toSVG()).toContain('>no steps</text>');
    expect(xmlProblem(none.toSVG())).toBeUndefined();
    const blind = attentionOverlay({ ...bar, steps: [{ label: 'x', weights: [0, 0] }] });
    expect(count(blind.toSVG(), 'fill-opacity="0.85"')).toBe(2);
    expect(blind.toSVG()).not.toContain('stroke="#fff"');
    expect(blind.toTerminal()).not.toContain('█\n');
  });

  it.each<[Partial<AttentionOverlayInput>, Error]>([
    [{ rows: 0 }, new ArgumentError('attentionOverlay: rows must be an integer from 1 to 128, got 0')],
    [
      { columns: 129 },
      new ArgumentError('attentionOverlay: columns must be an integer from 1 to 128, got 129'),
    ],
    [
      { image: { width: 5000, height: 1, pixels: [] } },
      new ArgumentError('attentionOverlay: image.width must be an integer from 1 to 4096, got 5000'),
    ],
    [
      { image: { width: 2, height: 2, pixels: [0, 0, 0] } },
      new ShapeError(
        'attentionOverlay: image.pixels must hold 1, 3 or 4 numbers for each of 2 x 2 = 4 pixels, got 3',
      ),
    ],
    [
      { image: { width: 1, height: 1, pixels: [Number.NaN] } },
      new ArgumentError('attentionOverlay: image.pixels must lie in [0, 1], got NaN at 0'),
    ],
    [
      { image: { width: 1, height: 1, pixels: [255] } },
      new ArgumentError('attentionOverlay: image.pixels must lie in [0, 1], got 255 at 0'),
    ],
    [
      { image: undefined as never },
      new ArgumentError('attentionOverlay: image must be an object with width, height and pixels'),
    ],
    [{ steps: 3 as never }, new ArgumentError('attentionOverlay: steps must be an array, got number')],
    [
      { steps: [{ label: 3 as never, weights: [0, 1] }] },
      new ArgumentError('attentionOverlay: steps[0].label must be a string, got number'),
    ],
    [
      { steps: [{ label: 'x', weights: [1] }] },
      new ShapeError('attentionOverlay: steps[0].weights must hold 1 x 2 = 2 numbers, got 1'),
    ],
    [
      { steps: [{ label: 'x', weights: [0.5, Number.NaN] }] },
      new ArgumentError('attentionOverlay: steps[0].weights must be numbers in [0, 1], got NaN at 1'),
    ],
    [
      { steps: [{ label: 'x', weights: [-0.1, 1.1] }] },
      new ArgumentError('attentionOverlay: steps[0].weights must be numbers in [0, 1], got -0.1 at 0'),
    ],
    [{ title: 7 as never }, new ArgumentError('attentionOverlay: title must be a string, got number')],
  ])('refuses %j', (part, error) => {
    expect(() => attentionOverlay({ ...bar, ...part })).toThrow(error);
  });

  it('refuses sizes that are none', () => {
    expect(() => attentionOverlay(bar).toSVG({ pictureSize: 0 })).toThrow(
      new ArgumentError('toSVG: pictureSize must be a number from 16 to 2000, got 0'),
    );
    expect(() => attentionOverlay(bar).toTerminal({ width: 23 })).toThrow(
      new ArgumentError('toTerminal: width must be an integer of at least 24, got 23'),
    );
    expect(() => attentionOverlay(null as never)).toThrow(ArgumentError);
  });

  it('is well-formed, loads nothing, stays in the width and is the same each time, whatever comes', () => {
    const side = fc.integer({ min: 1, max: 40 });
    const input = fc.record({
      width: side,
      height: side,
      rows: fc.integer({ min: 1, max: 5 }),
      columns: fc.integer({ min: 1, max: 5 }),
      labels: fc.array(anyLabel, { maxLength: 6 }),
      title: fc.option(anyLabel, { nil: undefined }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      terminal: fc.integer({ min: 24, max: 100 }),
    });
    fc.assert(
      fc.property(input, ({ width, height, rows, columns, labels, title, share, terminal }) => {
        const values = (size: number) => Float32Array.from({ length: size }, (_, i) => (i * share) % 1);
        const draw = () => {
          const overlay = attentionOverlay({
            image: { width, height, pixels: values(width * height) },
            rows,
            columns,
            steps: labels.map((label) => ({ label, weights: values(rows * columns) })),
            title,
          });
          return [
            overlay.toSVG(),
            overlay.toTerminal({ width: terminal }),
            overlay.toTerminal({ colour: true }),
          ];
        };
        const [svg, plain, coloured] = draw() as [string, string, string];
        expect(xmlProblem(svg)).toBeUndefined();
        expect(svg).not.toMatch(LOADS);
        expect(plain).not.toMatch(/[^\n\P{Cc}]|\p{Cs}/u);
        for (const line of plain.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(terminal);
        expect(withoutColours(coloured)).not.toMatch(/[^\n\P{Cc}]/u);
        expect(draw()).toEqual([svg, plain, coloured]);
      }),
      { numRuns: 100, seed: testSeed() },
    );
  });
});
