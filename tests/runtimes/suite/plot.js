// Plots begin as they should, hold what they were given, and say what is wrong.
import { expectEqual, expectThrows, expectTrue } from './expectations.js';

export const needs = ['plot'];

const map = {
  rows: ['a', 'b'],
  columns: ['x', 'y', 'z'],
  weights: [0.1, 0.2, 0.7, 1, 0, 0],
  title: 'A <map>',
};

/** What each plot can become. */
function checkForms(what, plot, labels) {
  const [terminal, svg, html] = [plot.toTerminal({ width: 60 }), plot.toSVG(), plot.toHTML({ lang: 'en' })];
  expectTrue(
    `${what}: SVG`,
    /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/.test(svg) && svg.trimEnd().endsWith('</svg>'),
  );
  expectTrue(`${what}: HTML`, /^<!doctype html>/i.test(html) && !/<script/i.test(html));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape is what must not be there
  expectTrue(`${what}: no ANSI`, !/\u001b/.test(terminal));
  expectTrue(
    `${what}: lines`,
    terminal.split('\n').every((line) => [...line].length <= 60),
  );
  for (const label of labels) {
    for (const [form, text] of Object.entries({ terminal, svg, html })) {
      expectTrue(`${what}: ${label} in ${form}`, text.includes(label));
    }
  }
  expectEqual(`${what}: the same again`, plot.toSVG(), svg);
}

export const free = {
  'attention maps': ({ plot: { attentionMap, attentionPage, attentionSheet } }) => {
    const plotted = attentionMap(map);
    checkForms('map', plotted, ['a', 'b', 'x', 'y', 'z']);
    expectTrue('title', plotted.toSVG().includes('A &lt;map&gt;'));
    expectTrue('colours', plotted.toTerminal({ colour: true }).includes('\u001b[48;2;'));
    expectTrue('sheet', attentionSheet([plotted, plotted], { beside: 2 }).startsWith('<svg'));
    expectTrue('page', /^<!doctype html>/i.test(attentionPage([plotted], { title: 'page' })));
    expectThrows('shape', 'ShapeError', /./, () => attentionMap({ ...map, weights: [1] }));
    expectThrows('weight', 'ArgumentError', /./, () => attentionMap({ ...map, weights: [2, 0, 0, 0, 0, 0] }));
    expectThrows('NaN', 'ArgumentError', /./, () => attentionMap({ ...map, weights: Array(6).fill(NaN) }));
  },

  'all heads': ({ plot: { attentionHeads } }) => {
    const layers = [
      [map.weights, map.weights],
      [map.weights, map.weights],
    ];
    checkForms('heads', attentionHeads({ rows: map.rows, columns: map.columns, layers }), ['a', 'x']);
  },

  lines: ({ plot: { attentionLines } }) =>
    checkForms('lines', attentionLines(map), ['a', 'b', 'x', 'y', 'z']),

  overlays: ({ plot: { attentionOverlay } }) => {
    const pixels = Uint8Array.from({ length: 8 * 8 }, (_, i) => 4 * i);
    const steps = [{ label: 'cat', weights: [0.1, 0.2, 0.3, 0.4] }];
    const image = { width: 8, height: 8, pixels };
    checkForms('overlay', attentionOverlay({ image, rows: 2, columns: 2, steps }), ['cat']);
  },

  curves: ({ plot: { curves } }) => {
    const series = [{ label: 'loss', x: [0, 1, 2], y: [3, 2, 1] }];
    checkForms('curves', curves({ xTitle: 'step', yTitle: 'nats', series }), ['loss', 'step', 'nats']);
    const infinite = [{ label: 'loss', x: [0, 1], y: [0, Infinity] }];
    expectThrows('infinite', 'ArgumentError', /./, () =>
      curves({ xTitle: '', yTitle: '', series: infinite }),
    );
  },
};
