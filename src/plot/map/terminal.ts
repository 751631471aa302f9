import stringWidth from 'string-width';
import { ANSI_RESET, ansiBackground } from '../colour.ts';
import { directed, graphemes, shorten, terminalLabel, terminalTitle, widest, wrap } from '../labels.ts';
import { checkTerminal, padTo, type TerminalOptions } from '../terminal.ts';
import { type AttentionGrid, axes } from './grid.ts';

const SHADES = [' ', '░', '▒', '▓', '█'];
const SHADES_LEGEND = '░ .25  ▒ .50  ▓ .75  █ 1';
const WIDEST_HEADING = 4;
const TALLEST_HEADING = 12;
const WIDEST_ROW_LABEL = 24;

/**
 * The map as lines of text, without a final line break.
 *
 * Each weight is a bar at least two cells wide, in the shade whose ink (0, ¼, ½, ¾, 1) is nearest. Columns
 * that do not fit in `width` go into further blocks below, each with its own heading and all rows. Headings are
 * written downwards, at most twelve characters of them, when one is wider than four cells or when they would not
 * all fit side by side; row labels take at most a third of the width. What is cut ends in `…`.
 *
 * @throws ArgumentError when `width` is not an integer of at least 24
 */
export function toTerminal(grid: AttentionGrid, options: TerminalOptions = {}): string {
  const { colour, width } = checkTerminal(options);
  const lines: string[] = [];
  if (grid.title) lines.push(...wrap(terminalTitle(grid.title), width));
  lines.push(...wrap(terminalTitle(axes(grid)), width));
  if (grid.weights.length === 0) {
    lines.push(...wrap(`no weights: ${grid.rows.length} × ${grid.columns.length}`, width));
    return lines.join('\n');
  }

  const rowLabels = grid.rows.map((row) =>
    shorten(terminalLabel(row), Math.min(WIDEST_ROW_LABEL, Math.floor(width / 3))),
  );
  const gutter = widest(rowLabels);
  const available = width - gutter - ' ││'.length;
  const headings = headingLines(grid.columns.map(terminalLabel), available);
  const cell = Math.max(2, 1 + widest(headings.flat()));
  const fitting = Math.floor(available / cell);
  const blocks = Math.ceil(grid.columns.length / fitting);
  const perBlock = Math.ceil(grid.columns.length / blocks);

  for (let start = 0; start < grid.columns.length; start += perBlock) {
    const end = Math.min(start + perBlock, grid.columns.length);
    if (start > 0) lines.push('');
    if (blocks > 1) lines.push(...wrap(`columns ${start + 1} to ${end} of ${grid.columns.length}`, width));
    for (const heading of headings) {
      let line = ' '.repeat(gutter + ' │'.length);
      for (let column = start; column < end; column++) {
        line = padTo(line + directed(heading[column]!), gutter + ' │'.length + (column - start + 1) * cell);
      }
      lines.push(line.trimEnd());
    }
    for (const [row, label] of rowLabels.entries()) {
      const weights = grid.weights.subarray(
        row * grid.columns.length + start,
        row * grid.columns.length + end,
      );
      const named = padTo(' '.repeat(gutter - stringWidth(label)) + directed(label), gutter);
      lines.push(`${named} │${bars(weights, cell, colour)}│`);
    }
  }
  lines.push(scaleLine(colour));
  return lines.join('\n');
}

/** The lines above the grid: one where the labels fit side by side, otherwise the labels written downwards. */
function headingLines(labels: readonly string[], available: number): string[][] {
  const width = widest(labels);
  if (width <= WIDEST_HEADING && labels.length * (width + 1) <= available) return [[...labels]];
  return writtenDownwards(labels);
}

/** Lines with a character of each label, at most twelve, that end on the last line. */
export function writtenDownwards(labels: readonly string[]): string[][] {
  const written = labels.map((label) => {
    const characters = graphemes(label);
    return characters.length > TALLEST_HEADING
      ? [...characters.slice(0, TALLEST_HEADING - 1), '…']
      : characters;
  });
  const height = Math.max(...written.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    written.map((characters) => characters[line - (height - characters.length)] ?? ''),
  );
}

/** A bar of `cell` cells for each weight, in a shade or in a colour. */
export function bars(weights: Float64Array, cell: number, colour: boolean): string {
  return colour ? colouredBars(weights, cell) : shadedBars(weights, cell);
}

/** What shades or colours stand for. */
export function scaleLine(colour: boolean): string {
  const ramp = Float64Array.from({ length: 10 }, (_, step) => step / 9);
  return colour ? `0 ${colouredBars(ramp, 2)} 1` : SHADES_LEGEND;
}

function shadedBars(weights: Float64Array, cell: number): string {
  return Array.from(weights, (weight) => SHADES[Math.round(weight * (SHADES.length - 1))]!.repeat(cell)).join(
    '',
  );
}

function colouredBars(weights: Float64Array, cell: number): string {
  let bars = '';
  let current = '';
  for (const weight of weights) {
    const background = ansiBackground(weight);
    if (background !== current) bars += background;
    current = background;
    bars += ' '.repeat(cell);
  }
  return bars + ANSI_RESET;
}
