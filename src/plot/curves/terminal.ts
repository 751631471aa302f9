import stringWidth from 'string-width';
import { ArgumentError } from '../../errors.ts';
import { BrailleCanvas } from '../braille.ts';
import { tinted } from '../colour.ts';
import { directed, shorten, terminalLabel, terminalTitle, widest, wrap } from '../labels.ts';
import { checkTerminal, padTo, type TerminalOptions } from '../terminal.ts';
import { type Axis, type Tick, xAxis, yAxis } from './axis.ts';
import type { Chart, Point } from './input.ts';
import { spread, thinned } from './places.ts';

export interface CurvesTerminalOptions extends TerminalOptions {
  /** Lines within the axes, an integer from 4 to 200; more where there are more labels. Default 16. */
  height?: number;
}

const WIDEST_LABEL = 24;
/** Cells between the letters along a line. */
const LETTER_GAP = 8;

/** @throws ArgumentError for a width or height out of range */
export function curvesToTerminal(chart: Chart, options: CurvesTerminalOptions = {}): string {
  const { colour, width } = checkTerminal(options);
  const { height = 16 } = options;
  if (!Number.isInteger(height) || height < 4 || height > 200) {
    throw new ArgumentError(`toTerminal: height must be an integer from 4 to 200, got ${height}`);
  }
  const lines = chart.title ? wrap(terminalTitle(chart.title), width) : [];
  lines.push(...wrap(terminalTitle(chart.yTitle), width));
  const shown = chart.series.map(({ points }) => points.filter(({ y }) => !Number.isNaN(y)));
  if (shown.every(({ length }) => length === 0)) return [...lines, 'no points'].join('\n');

  const rows = Math.max(height, chart.series.length);
  const [xs, ys] = [xAxis(chart), yAxis(chart)];
  const yTicks = ticksByRow(ys, rows);
  const gutter = Math.min(widest([...yTicks.values()]), Math.floor(width / 3));
  const most = Math.min(WIDEST_LABEL, Math.floor(width / 3)) - 'A '.length;
  const labels = chart.series.map(({ label }) => shorten(terminalLabel(label), most));
  const columns = width - gutter - ' ┤'.length - ' A '.length - widest(labels);
  const drawn = draw(chart, shown, xs, ys, columns, rows, colour);
  const beside = labelRows(shown, ys, rows);
  drawn.forEach((cells, row) => {
    const tick = yTicks.get(row);
    const label = shorten(tick ?? '', gutter);
    const axis = `${' '.repeat(gutter - stringWidth(label))}${label} ${tick === undefined ? '│' : '┤'}`;
    const named = beside.get(row);
    const name = named === undefined ? '' : ` ${letter(named, colour)} ${directed(labels[named]!)}`;
    lines.push((axis + cells.join('') + name).trimEnd());
  });
  lines.push(...xLines(chart, xs, gutter, columns));
  return lines.join('\n');
}

/** The lines in dots, their points in letters; where two lines meet in a cell, the later one's letter and colour. */
function draw(
  { series }: Chart,
  shown: readonly (readonly Point[])[],
  xs: Axis,
  ys: Axis,
  columns: number,
  rows: number,
  colour: boolean,
): string[][] {
  const cells = Array.from({ length: rows }, () => new Array<string>(columns).fill(' '));
  const all = new BrailleCanvas(columns, rows);
  const x = (point: Point): number => Math.round(xs.position(point.x) * (all.width - 1));
  const y = (point: Point): number => Math.round((1 - ys.position(point.y)) * (all.height - 1));
  series.forEach(({ points }, i) => {
    const own = new BrailleCanvas(columns, rows);
    points.forEach((point, at) => {
      const before = points[at - 1] ?? point;
      if (Number.isNaN(point.y) || Number.isNaN(before.y)) return;
      for (const canvas of [all, own]) canvas.line(x(before), y(before), x(point), y(point));
    });
    cells.forEach((line, row) => {
      line.forEach((_, column) => {
        if (own.cell(column, row)) line[column] = tinted(all.cell(column, row)!, i, colour);
      });
    });
  });
  shown.forEach((points, i) => {
    const places = points.map((point) => x(point) >> 1);
    // From line to line a little further, so that lines that run together show their letters in turn.
    for (const at of thinned(places, LETTER_GAP, (2 * i) % LETTER_GAP)) {
      cells[y(points[at]!) >> 2]![places[at]!] = letter(i, colour);
    }
  });
  return cells;
}

function letter(i: number, colour: boolean): string {
  return tinted(String.fromCharCode('A'.charCodeAt(0) + i), i, colour);
}

/** The ticks of y by the line they stand on; of two on one line, the first. */
function ticksByRow(ys: Axis, rows: number): Map<number, string> {
  const ticks = new Map<number, string>();
  for (const { value, label } of ys.ticks(Math.max(2, Math.floor(rows / 3)))) {
    const row = rowOf(ys.position(value), rows);
    if (!ticks.has(row)) ticks.set(row, label);
  }
  return ticks;
}

function rowOf(position: number, rows: number): number {
  return Math.round((1 - position) * (4 * rows - 1)) >> 2;
}

/** Which line's label stands on which row: near the line's end. */
function labelRows(shown: readonly (readonly Point[])[], ys: Axis, rows: number): Map<number, number> {
  const named = shown.flatMap((points, i) => (points.length > 0 ? [i] : []));
  const wanted = named.map((i) => rowOf(ys.position(shown[i]!.at(-1)!.y), rows));
  // Places a whole row apart or more can round to one row only from halves, which floor keeps apart.
  const places = spread(wanted, 1, 0, rows - 1).map((place) => Math.floor(place));
  return new Map(places.map((row, at) => [row, named[at]!]));
}

/** The axis below, its ticks and its title. */
function xLines({ xTitle }: Chart, xs: Axis, gutter: number, columns: number): string[] {
  const column = ({ value }: Tick): number => Math.round(xs.position(value) * (2 * columns - 1)) >> 1;
  const start = gutter + ' │'.length;
  const axis = new Array<string>(columns).fill('─');
  let labels = '';
  for (const tick of xs.ticks(Math.max(2, Math.floor(columns / 10)))) {
    const from = start + column(tick) - (stringWidth(tick.label) >> 1);
    if (from < (labels === '' ? 0 : stringWidth(labels) + 1)) continue;
    if (from + stringWidth(tick.label) > start + columns + 3) continue;
    axis[column(tick)] = '┬';
    labels = padTo(labels, from) + tick.label;
  }
  const title = wrap(terminalTitle(xTitle), columns).map((line) => ' '.repeat(start) + line);
  return [`${' '.repeat(gutter)} └${axis.join('')}`, labels, ...title];
}
