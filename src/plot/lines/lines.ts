import { drawnTitle } from '../labels.ts';
import { type AttentionGrid, type AttentionMapInput, checkGrid } from '../map/grid.ts';
import { weightsTables } from '../map/html.ts';
import { htmlFigure, htmlPage, type PageOptions } from '../page.ts';
import { describeLines } from './describe.ts';
import { LINES_STYLE, type LinesOptions, linesToSVG } from './svg.ts';
import { type LinesTerminalOptions, linesToTerminal } from './terminal.ts';

/** Attention as lines between two rows of words, ready to be drawn. The same input and options give the same text. */
export interface AttentionLines {
  /**
   * Lines in braille dots, solid from a weight of 0.5 and dotted below. Where the labels do not fit side by side: a list of
   * what each row attends to. Control characters in labels are escaped.
   *
   * @throws ArgumentError when `width` is not an integer of at least 24, or `threshold` not a number in [0, 1]
   */
  toTerminal(options?: LinesTerminalOptions): string;
  /**
   * The lines as a self-contained SVG document with its own background, light or dark as the reader prefers; each weight
   * shows on hover. Labels that take too much beside each other are written upwards.
   *
   * @throws ArgumentError when `threshold` is not a number in [0, 1]
   */
  toSVG(options?: LinesOptions): string;
  /**
   * The lines as a whole HTML page without scripts or external resources, with the weights also as a table.
   *
   * @throws ArgumentError when `title` is not a string, `lang` is not a language tag or `threshold` not a number in [0, 1]
   */
  toHTML(options?: PageOptions & LinesOptions): string;
}

/**
 * Attention as lines from the columns (the source), above, to the rows (the target), below: thick and dark for a large
 * weight, thin and pale for a small one. Lines that cross show words that change their order.
 *
 * @throws ShapeError when the number of weights does not match the labels
 * @throws ArgumentError when a label is not a string, or a weight is not a number in [0, 1]; up to 1e-6 above 1
 *   passes as float32 rounding and is read as 1
 */
export function attentionLines(input: AttentionMapInput): AttentionLines {
  const grid = checkGrid(input, 'attentionLines');
  return {
    toTerminal: (options) => linesToTerminal(grid, options),
    toSVG: (options) => linesToSVG(grid, options),
    toHTML: (options) => linesToHTML(grid, options),
  };
}

function linesToHTML(grid: AttentionGrid, options: PageOptions & LinesOptions = {}): string {
  const { title = grid.title || 'Attention lines', lang, threshold } = options;
  const named = grid.title && grid.title !== title ? drawnTitle(grid.title) : '';
  const svg = linesToSVG(grid, { threshold }, 'inline');
  const figure = htmlFigure(svg, describeLines(grid, drawnTitle), weightsTables([grid]), named);
  return htmlPage('toHTML', { title, lang }, figure, LINES_STYLE);
}
