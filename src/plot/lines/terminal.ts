import stringWidth from 'string-width';
import { BrailleCanvas } from '../braille.ts';
import { tinted } from '../colour.ts';
import { directed, shorten, terminalLabel, terminalTitle, wrap } from '../labels.ts';
import type { AttentionGrid } from '../map/grid.ts';
import { checkTerminal, padTo, type TerminalOptions } from '../terminal.ts';
import { axesOfLines } from './describe.ts';
import { checkThreshold, type LinesOptions } from './svg.ts';

export interface LinesTerminalOptions extends TerminalOptions, LinesOptions {}

const GAP = 2;
const HEIGHT = 6;
const WIDEST_LABEL = 16;
/** Lighter lines are dotted. */
const HEAVY = 0.5;

/** @throws ArgumentError when `width` is not an integer of at least 24, or `threshold` not a number in [0, 1] */
export function linesToTerminal(grid: AttentionGrid, options: LinesTerminalOptions = {}): string {
  const { colour, width } = checkTerminal(options);
  const threshold = checkThreshold(options, 0.2);
  const lines = grid.title ? wrap(terminalTitle(grid.title), width) : [];
  lines.push(...wrap(terminalTitle(axesOfLines(grid)), width));
  if (grid.weights.length === 0) {
    return [...lines, ...wrap(`no weights: ${grid.rows.length} × ${grid.columns.length}`, width)].join('\n');
  }
  const [columns, rows] = [grid.columns, grid.rows].map((labels) =>
    labels.map((label) => shorten(terminalLabel(label), WIDEST_LABEL)),
  ) as [string[], string[]];
  const taken = Math.max(natural(columns), natural(rows));
  if (taken > width) return [...lines, ...listed(grid, columns, rows, threshold, width)].join('\n');

  const [above, below] = [columns, rows].map((labels) => startsOf(labels, taken)) as [number[], number[]];
  lines.push(labelLine(columns, above));
  lines.push(...between(grid, threshold, middles(columns, above), middles(rows, below), taken, colour));
  lines.push(labelLine(rows, below));
  lines.push(...wrap(`solid from ${HEAVY}, dotted from ${threshold}`, width));
  return lines.join('\n');
}

/** The cells that the labels take side by side. */
function natural(labels: readonly string[]): number {
  return labels.reduce((total, label) => total + stringWidth(label) + GAP, -GAP);
}

/** Where each label starts when they are set evenly in `width` cells. */
function startsOf(labels: readonly string[], width: number): number[] {
  const extra = (width - natural(labels)) / labels.length;
  let taken = 0;
  return labels.map((label, i) => {
    const start = taken + (i + 0.5) * extra;
    taken += stringWidth(label) + GAP;
    return Math.floor(start);
  });
}

/** The middles of the labels, in dots. */
function middles(labels: readonly string[], starts: readonly number[]): number[] {
  return labels.map((label, i) => 2 * starts[i]! + Math.max(0, stringWidth(label) - 1));
}

function labelLine(labels: readonly string[], starts: readonly number[]): string {
  let line = '';
  labels.forEach((label, i) => {
    line = padTo(line, starts[i]!) + directed(label);
  });
  return line.trimEnd();
}

/** The lines, each row's in a colour of its own; solid ones are drawn last, so that their colour is on top. */
function between(
  grid: AttentionGrid,
  threshold: number,
  above: readonly number[],
  below: readonly number[],
  width: number,
  colour: boolean,
): string[] {
  const all = new BrailleCanvas(width, HEIGHT);
  const owner = new Map<string, number>();
  const shown = Array.from(grid.weights.keys())
    .filter((i) => grid.weights[i]! >= threshold && grid.weights[i]! > 0)
    .sort((a, b) => grid.weights[a]! - grid.weights[b]! || a - b);
  for (const i of shown) {
    const [row, column] = [Math.floor(i / above.length), i % above.length];
    const own = new BrailleCanvas(width, HEIGHT);
    const every = grid.weights[i]! >= HEAVY ? 1 : 3;
    for (const canvas of [all, own]) canvas.line(above[column]!, 0, below[row]!, all.height - 1, every);
    for (const cell of own.filled()) owner.set(cell.join(), row);
  }
  return Array.from({ length: HEIGHT }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const pattern = all.cell(x, y);
      return pattern === undefined ? ' ' : tinted(pattern, owner.get(`${x},${y}`)!, colour);
    })
      .join('')
      .trimEnd(),
  );
}

/** Where the labels do not fit side by side: each row with what it attends to, the heaviest first. */
function listed(
  grid: AttentionGrid,
  columns: readonly string[],
  rows: readonly string[],
  threshold: number,
  width: number,
): string[] {
  return rows.flatMap((row, r) => {
    const weights = grid.weights.subarray(r * columns.length, (r + 1) * columns.length);
    const sources = Array.from(weights.keys())
      .filter((c) => weights[c]! >= threshold && weights[c]! > 0)
      .sort((a, b) => weights[b]! - weights[a]! || a - b)
      // Not to be broken between a label and its weight.
      .map((c) => `${directed(columns[c]!)}\u00a0${weights[c]!.toFixed(2)}`);
    return wrap(`${directed(row)} ← ${sources.join(', ') || '(none)'}`, width);
  });
}
