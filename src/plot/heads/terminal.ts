import stringWidth from 'string-width';
import { directed, shorten, terminalLabel, terminalTitle, widest, wrap } from '../labels.ts';
import { axes } from '../map/grid.ts';
import { bars, scaleLine, toTerminal, writtenDownwards } from '../map/terminal.ts';
import { checkTerminal, padTo, type TerminalOptions } from '../terminal.ts';
import { type Heads, hasWeights, mapsOf, noWeights } from './input.ts';

const GAP = 1;
const WIDEST_LABEL = 16;

/** @throws ArgumentError when `width` is not an integer of at least 24 */
export function headsToTerminal(heads: Heads, options: TerminalOptions = {}): string {
  const { colour, width } = checkTerminal(options);
  const lines = heads.title ? wrap(terminalTitle(heads.title), width) : [];
  lines.push(...wrap(terminalTitle(axes(heads)), width));
  if (!hasWeights(heads)) return [...lines, ...wrap(noWeights(heads), width)].join('\n');

  const rows = heads.rows.map((row) =>
    shorten(terminalLabel(row), Math.min(WIDEST_LABEL, Math.floor(width / 4))),
  );
  const gutter = widest(rows) + GAP;
  const headings = writtenDownwards(heads.columns.map(terminalLabel));
  const perLayer = heads.layers[0]!.length;
  const slotOf = (cell: number): number =>
    Math.max(heads.columns.length * cell + '││'.length, stringWidth(`head ${perLayer}`));
  const narrow = Math.max(1, widest(headings.flat()));
  // Two cells of a terminal are about a square.
  const cell = gutter + perLayer * (slotOf(2) + GAP) - GAP <= width ? Math.max(2, narrow) : narrow;
  const slot = slotOf(cell);
  const most = Math.floor((width - gutter + GAP) / (slot + GAP));
  if (most === 0) {
    return [...lines, ...mapsOf(heads).map((map) => toTerminal(map, options))].join('\n');
  }
  const perLine = Math.ceil(perLayer / Math.ceil(perLayer / most));

  const across = (write: (at: number) => string, count: number): string => {
    let line = '';
    for (let at = 0; at < count; at++) line = padTo(line, gutter + at * (slot + GAP)) + write(at);
    return line.trimEnd();
  };
  const heading = (marks: readonly string[]): string => {
    let line = '│';
    marks.forEach((mark, c) => {
      line = padTo(line + directed(mark), 1 + (c + 1) * cell);
    });
    return line.replace('│', ' ');
  };
  for (const marks of headings) lines.push(across(() => heading(marks), perLine));
  heads.layers.forEach((layer, l) => {
    for (let first = 0; first < perLayer; first += perLine) {
      const shown = layer.slice(first, first + perLine);
      if (first === 0) lines.push(`layer ${l + 1}`);
      lines.push(across((at) => `head ${first + at + 1}`, shown.length));
      rows.forEach((label, r) => {
        const cells = shown.map((weights) => {
          const row = weights.subarray(r * heads.columns.length, (r + 1) * heads.columns.length);
          const blank = ' '.repeat(slot - heads.columns.length * cell - '││'.length);
          return `│${bars(row, cell, colour)}│${blank}`;
        });
        const named = padTo(' '.repeat(gutter - GAP - stringWidth(label)) + directed(label), gutter);
        lines.push((named + cells.join(' '.repeat(GAP))).trimEnd());
      });
    }
  });
  lines.push(scaleLine(colour));
  return lines.join('\n');
}
