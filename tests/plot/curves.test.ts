import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { spread, thinned } from '../../src/plot/curves/places.ts';
import { SERIES_COLOURS } from '../../src/plot/curves/style.ts';
import { type CurvesInput, curves } from '../../src/plot.ts';
import { testSeed } from '../support/random.ts';
import { anyLabel } from './maps.ts';
import { contrast, count, LOADS, withoutColours } from './markup.ts';
import { xmlProblem } from './wellFormed.ts';

const x = [2, 4, 6, 8, 10];
const chart: CurvesInput = {
  title: 'errors',
  xTitle: 'letters',
  yTitle: 'error rate',
  yFormat: 'percent',
  series: [
    { label: 'fixed', x, y: [0.1, 0.2, 0.3, 0.5, 0.8] },
    { label: 'attention', x, y: [0.1, 0.11, Number.NaN, 0.12, 0.13] },
  ],
};

function withSeries(part: object): CurvesInput {
  return { ...chart, series: [chart.series[0]!, { ...chart.series[1]!, ...part }] };
}

/** Baselines of the labels at the lines' ends. */
function labelHeights(svg: string): number[] {
  return Array.from(svg.matchAll(/<g><title>[^<]*<\/title>.*?<text[^>]* y="([\d.]+)"/g), ([, y]) =>
    Number(y),
  );
}

describe('curves', () => {
  it('draws lines with dashes and markers of their own, named where they end', () => {
    const svg = curves(chart).toSVG();
    expect(xmlProblem(svg)).toBeUndefined();
    expect(svg).toContain('aria-label="chart: errors, error rate by letters of fixed, attention"');
    for (const label of ['fixed', 'attention', 'errors', 'error rate', 'letters', '0%', '80%', '2', '10']) {
      expect(svg).toContain(`>${label}</text>`);
    }
    const lines = [...svg.matchAll(/<path d="(M[^"]*)" fill="none" stroke="currentColor"[^>]*>/g)];
    // Each line, and a piece of it beside its label.
    expect(lines).toHaveLength(4);
    expect(new Set(lines.map(([line]) => /dasharray="([^"]+)"/.exec(line)?.[1])).size).toBe(2);
    const markers = new Set(Array.from(svg.matchAll(/class="rim" d="([^"]+)"/g), ([, outline]) => outline));
    expect(markers.size).toBe(2);
  });

  it('shows each value when it is pointed at', () => {
    const svg = curves(chart).toSVG();
    expect(count(svg, '<circle class="cell"')).toBe(9);
    expect(svg).toContain('<title>fixed, letters 8: error rate 50%</title>');
    expect(svg).toMatch(/class="value" visibility="hidden".*>fixed, 8: 50%<\/text>/);
  });

  it('leaves a gap at NaN, and marks a point that no line reaches', () => {
    const y = [0.1, Number.NaN, 0.3, Number.NaN, Number.NaN];
    const svg = curves({ ...chart, series: [{ label: 'a', x, y }] }).toSVG();
    const [, outline] = /<path d="(M[^"]*)" fill="none"/.exec(svg)!;
    expect(count(outline!, 'M')).toBe(2);
    expect(count(svg, 'class="rim"')).toBe(3);
    expect(count(svg, '<circle class="cell"')).toBe(2);
  });

  it('draws a band, and says it beside the value', () => {
    const band = { low: [0.05, 0.1, Number.NaN, 0.1, 0.1], high: [0.15, 0.12, Number.NaN, 0.2, 0.2] };
    const svg = curves(withSeries({ band })).toSVG();
    expect(count(svg, 'fill-opacity="0.16"')).toBe(1);
    expect(svg).toContain('<title>attention, letters 2: error rate 10% (5% to 15%)</title>');
  });

  it('starts at 0 when the values come near it, and shows their own range when not', () => {
    const ticks = (y: number[]) =>
      Array.from(
        curves({ xTitle: 'x', yTitle: 'y', series: [{ label: 'a', x: [1, 2], y }] })
          .toSVG()
          .matchAll(/text-anchor="end">([^<]+)</g),
        ([, label]) => label,
      );
    expect(ticks([0.4, 1])[0]).toBe('0.0');
    expect(ticks([0.6, 1])[0]).toBe('0.60');
    expect(ticks([-1, -0.1]).at(-1)).toBe('0.0');
    expect(ticks([5, 5]).length).toBeGreaterThan(2);
    expect(ticks([0, 0]).length).toBeGreaterThan(2);
    expect(ticks([0, 2e7]).at(-1)).toBe('20M');
  });

  it('has logarithmic axes', () => {
    const y = [1000, 100, 10, 1, 0.1];
    const svg = curves({
      xTitle: 'x',
      yTitle: 'y',
      yScale: 'log',
      xScale: 'log',
      series: [{ label: 'a', x: [1, 10, 100, 1000, 10000], y }],
    }).toSVG();
    const places = Array.from(svg.matchAll(/<circle class="cell" cx="([\d.]+)" cy="([\d.]+)"/g), (match) => [
      Number(match[1]),
      Number(match[2]),
    ]);
    for (let i = 2; i < 5; i++) {
      for (const side of [0, 1]) {
        expect(places[i]![side]! - places[i - 1]![side]!).toBeCloseTo(
          places[1]![side]! - places[0]![side]!,
          0,
        );
      }
    }
    expect(svg).toContain('>10,000</text>');
  });

  it('keeps labels apart, in the order of their lines', () => {
    const series = Array.from({ length: 26 }, (_, i) => ({
      label: `line ${i}`,
      x: [0, 1],
      y: [1, 1 - i / 100],
    }));
    const heights = labelHeights(curves({ xTitle: 'x', yTitle: 'y', series }).toSVG({ height: 80 }));
    expect(heights).toHaveLength(26);
    for (let i = 1; i < 26; i++) expect(heights[i]! - heights[i - 1]!).toBeGreaterThanOrEqual(17.9);
  });

  it('keeps what it writes within its width', () => {
    const label = '주의 메커니즘과 그 친구들의 아주 긴 이름';
    for (const width of [320, 720]) {
      const svg = curves({ ...chart, series: [{ label, x, y: x }] }).toSVG({ width });
      const [, at, written] = /<text[^>]* x="([\d.]+)"[^>]*>(주[^<]+)</.exec(svg)!;
      expect(Number(at) + stringWidth(written!) * 13 * 0.6).toBeLessThanOrEqual(width);
      expect(svg).toContain(`<title>${label}</title>`);
    }
  });

  it('has a contrast of at least 4.5 on the light and the dark paper', () => {
    const svg = curves(chart).toSVG();
    for (const { light, dark } of SERIES_COLOURS) {
      expect(contrast(light, '#ffffff')).toBeGreaterThanOrEqual(4.5);
      expect(contrast(dark, '#15171c')).toBeGreaterThanOrEqual(4.5);
    }
    expect(svg).toContain('.paper{fill:#15171c}');
    expect(svg).toContain(`.series1{color:${SERIES_COLOURS[1]!.dark}}`);
    expect(svg).toContain(`class="series1" color="${SERIES_COLOURS[1]!.light}"`);
  });

  it('draws lines in braille, with a letter for each', () => {
    const text = curves({
      xTitle: 'x',
      yTitle: 'y',
      series: [
        { label: 'up', x: [0, 10], y: [0, 10] },
        { label: 'flat', x: [0, 10], y: [0, 0] },
      ],
    }).toTerminal({ width: 30, height: 5 });
    expect(text.split('\n')).toEqual([
      'y',
      '10 ┤               ⢀⡠⠔A A up',
      '   │           ⢀⡠⠔⠊⠁',
      ' 5 ┤       ⢀⡠⠔⠊⠁',
      '   │   ⢀⡠⠔⠊⠁',
      ' 0 ┤A⣔⣊⣁⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀B B flat',
      '   └┬────────┬────────┬',
      '    0        5       10',
      '    x',
    ]);
  });

  it('colours the lines for a terminal on request only', () => {
    const coloured = curves(chart).toTerminal({ colour: true });
    expect(coloured).toContain('\u001b[36mA\u001b[0m');
    expect(withoutColours(coloured)).toBe(curves(chart).toTerminal());
  });

  it('is a whole page with the values as a table', () => {
    const page = curves(chart).toHTML({ lang: 'en-GB' });
    expect(xmlProblem(page)).toBeUndefined();
    expect(page).toContain('<title>errors</title>');
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).toContain('<td>letters</td><th scope="col">fixed</th><th scope="col">attention</th>');
    expect(page).toContain('<th scope="row">6</th><td>30%</td><td></td>');
    expect(page).toContain('.series1{color:');
    const long = Array.from({ length: 1001 }, (_, i) => i);
    const table = curves({ ...chart, series: [{ label: 'a', x: long, y: long }] }).toHTML();
    expect(table).toContain('one x of 6');
    expect(count(table, '<th scope="row">')).toBe(168);
    expect(table).toContain('<th scope="row">1,000</th>');
  });

  it('says so when there is nothing to draw', () => {
    for (const series of [[], [{ label: 'a', x: [], y: [] }], [{ label: 'a', x: [1], y: [Number.NaN] }]]) {
      const drawn = curves({ ...chart, series });
      expect(drawn.toSVG()).toContain('>no points</text>');
      expect(drawn.toTerminal()).toBe('errors\nerror rate\nno points');
      expect(xmlProblem(drawn.toHTML())).toBeUndefined();
    }
  });

  it.each<[object, Error]>([
    [{ xTitle: 3 }, new ArgumentError('curves: xTitle must be a string, got number')],
    [{ yTitle: undefined }, new ArgumentError('curves: yTitle must be a string, got undefined')],
    [{ title: null }, new ArgumentError('curves: title must be a string, got null')],
    [{ series: {} }, new ArgumentError('curves: series must be an array, got object')],
    [
      { series: Array(27).fill({ label: 'a', x: [], y: [] }) },
      new ArgumentError('curves: series must be at most 26, got 27'),
    ],
    [{ yFormat: '%' }, new ArgumentError('curves: yFormat must be "number" or "percent", got "%"')],
    [{ yScale: 'ln' }, new ArgumentError('curves: yScale must be "linear" or "log", got "ln"')],
    [
      { series: [null] },
      new ArgumentError('curves: series[0] must be an object with label, x and y, got null'),
    ],
    [
      { series: [{ label: 1, x, y: x }] },
      new ArgumentError('curves: series[0].label must be a string, got number'),
    ],
    [
      { series: [{ label: 'a', x, y: [1] }] },
      new ShapeError('curves: series[0].y must hold one number for each of 5 x, got 1'),
    ],
    [
      { series: [{ label: 'a', x: [1, 1], y: [1, 1] }] },
      new ArgumentError('curves: series[0].x must rise, got 1 after 1 at 1'),
    ],
    [
      { series: [{ label: 'a', x: [Number.NaN], y: [1] }] },
      new ArgumentError('curves: series[0].x must be finite numbers up to 1e+300, got NaN at 0'),
    ],
    [
      { series: [{ label: 'a', x: [1], y: [Number.POSITIVE_INFINITY] }] },
      new ArgumentError('curves: series[0].y must be finite numbers up to 1e+300 or NaN, got Infinity at 0'),
    ],
    [
      { series: [{ label: 'a', x: [1], y: ['1'] }] },
      new ArgumentError('curves: series[0].y must be numbers, got string at 0'),
    ],
    [
      { yScale: 'log', series: [{ label: 'a', x: [1], y: [0] }] },
      new ArgumentError('curves: series[0].y must be above 0 (at least 1e-300) on a log scale, got 0 at 0'),
    ],
    [
      { series: [{ label: 'a', x: [1], y: [1], band: { low: [2], high: [1] } }] },
      new ArgumentError('curves: series[0].band.low must not be above band.high, got 2 above 1 at 0'),
    ],
    [
      { series: [{ label: 'a', x: [1], y: [1], band: { low: [1] } }] },
      new ArgumentError('curves: series[0].band.high must be an array of numbers, got undefined'),
    ],
  ])('refuses %j', (part, error) => {
    expect(() => curves({ ...chart, ...part } as CurvesInput)).toThrow(error);
  });

  it('refuses sizes that are none', () => {
    expect(() => curves(null as never)).toThrow(
      new ArgumentError('curves: expected an object with xTitle, yTitle and series, got null'),
    );
    expect(() => curves(chart).toSVG({ width: 319 })).toThrow(
      new ArgumentError('toSVG: width must be a number from 320 to 4000, got 319'),
    );
    expect(() => curves(chart).toSVG({ height: Number.NaN })).toThrow(
      new ArgumentError('toSVG: height must be a number from 80 to 4000, got NaN'),
    );
    expect(() => curves(chart).toTerminal({ height: 3 })).toThrow(
      new ArgumentError('toTerminal: height must be an integer from 4 to 200, got 3'),
    );
    expect(() => curves(chart).toHTML({ lang: '' })).toThrow(ArgumentError);
  });

  it('is well-formed, loads nothing, stays in the width and is the same each time, whatever comes', () => {
    const value = fc.oneof(
      fc.double({ min: -1e300, max: 1e300 }),
      fc.integer({ min: -20, max: 20 }),
      fc.constant(Number.NaN),
    );
    const series = fc.record({
      label: anyLabel,
      points: fc.array(fc.tuple(value, value), { maxLength: 40 }),
    });
    const input = fc.record({
      title: fc.option(anyLabel, { nil: undefined }),
      xTitle: anyLabel,
      yTitle: anyLabel,
      all: fc.array(series, { maxLength: 5 }),
      percent: fc.boolean(),
      log: fc.boolean(),
      width: fc.integer({ min: 24, max: 120 }),
      height: fc.integer({ min: 4, max: 30 }),
    });
    fc.assert(
      fc.property(input, ({ all, percent, log, width, height, ...titles }) => {
        const scaled = (value: number) => (log ? Math.max(1e-300, Math.abs(value)) : value);
        const drawn = curves({
          ...titles,
          yFormat: percent ? 'percent' : 'number',
          xScale: log ? 'log' : 'linear',
          yScale: log ? 'log' : 'linear',
          series: all.map(({ label, points }) => {
            const rising = new Map(
              points.filter(([at]) => !Number.isNaN(at)).map(([at, y]) => [scaled(at), scaled(y)]),
            );
            const xs = [...rising.keys()].sort((a, b) => a - b);
            return { label, x: xs, y: xs.map((at) => rising.get(at)!) };
          }),
        });
        const [svg, page, text] = [drawn.toSVG(), drawn.toHTML(), drawn.toTerminal({ width, height })];
        for (const each of [svg, page]) {
          expect(xmlProblem(each)).toBeUndefined();
          expect(each).not.toMatch(LOADS);
          expect(each).not.toMatch(/="[^"]*NaN|Infinity/);
        }
        expect(text).not.toMatch(/[^\n\P{Cc}]|\p{Cs}/u);
        for (const line of text.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(width);
        expect(drawn.toSVG()).toBe(svg);
        expect(drawn.toTerminal({ width, height })).toBe(text);
      }),
      { numRuns: 150, seed: testSeed() },
    );
  });
});

describe('spread', () => {
  it('moves what stands too close apart, both ways, and leaves the rest', () => {
    expect(spread([10, 50, 52], 10, 0, 100)).toEqual([10, 46, 56]);
    expect(spread([52, 10, 50], 10, 0, 100)).toEqual([56, 10, 46]);
    expect(spread([0, 0, 0], 10, 0, 100)).toEqual([0, 10, 20]);
    expect(spread([100, 100, 95], 10, 0, 100)).toEqual([90, 100, 80]);
    expect(spread([], 10, 0, 100)).toEqual([]);
  });

  it('keeps the order, the gap and the bounds where there is room', () => {
    const wanted = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { maxLength: 10 });
    fc.assert(
      fc.property(wanted, (places) => {
        const moved = spread(places, 10, 0, 100).map((place, i) => [places[i]!, place] as const);
        moved.sort((a, b) => a[1] - b[1]);
        for (let i = 0; i < moved.length; i++) {
          expect(moved[i]![1]).toBeGreaterThanOrEqual(-1e-9);
          expect(moved[i]![1]).toBeLessThanOrEqual(100 + 1e-9);
          if (i === 0) continue;
          expect(moved[i]![1] - moved[i - 1]![1]).toBeGreaterThanOrEqual(10 - 1e-9);
          expect(moved[i]![0]).toBeGreaterThanOrEqual(moved[i - 1]![0]);
        }
      }),
      { numRuns: 200, seed: testSeed() },
    );
  });
});

describe('thinned', () => {
  it.each<[number[], number, number[]]>([
    [[], 5, []],
    [[3], 5, [0]],
    [[0, 1], 5, [0, 1]],
    [[0, 2, 5, 7, 9, 11], 5, [0, 2, 5]],
    [[0, 5, 10, 11], 5, [0, 1, 3]],
  ])('of %j at %d keeps %j', (places, gap, kept) => {
    expect(thinned(places, gap)).toEqual(kept);
  });
  it('starts later on request', () => {
    expect(thinned([0, 1, 2, 3, 4, 5, 6, 7], 3, 2)).toEqual([2, 7]);
  });
});
