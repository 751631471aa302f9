import type { PageOptions } from '../page.ts';
import type { TerminalOptions } from '../terminal.ts';
import { type AttentionGrid, type AttentionMapInput, checkGrid } from './grid.ts';
import { attentionPage } from './html.ts';
import { type SVGOptions, toSVG } from './svg.ts';
import { toTerminal } from './terminal.ts';

/** Attention weights with their labels, ready to be drawn. The same map and options give the same text. */
export interface AttentionMap extends AttentionGrid {
  /**
   * The map as lines of Unicode shades, or of ANSI colours, without a final line break. Columns that do not fit in
   * the width go into further blocks below. Control characters in labels are escaped.
   *
   * @throws ArgumentError when `width` is not an integer of at least 24
   */
  toTerminal(options?: TerminalOptions): string;
  /**
   * The map as a self-contained SVG document with its own background, light or dark as the reader prefers, and each
   * value shown on hover. Characters that XML forbids are removed from labels.
   *
   * @throws ArgumentError when `cellSize` is not a finite number of at least 4
   */
  toSVG(options?: SVGOptions): string;
  /**
   * The map as a whole HTML page without scripts or external resources, with the weights also as a table.
   *
   * @throws ArgumentError when `lang` is not a language tag
   */
  toHTML(options?: PageOptions): string;
}

/**
 * An attention map: what each produced row (such as a phoneme) attended to among the columns (such as letters).
 *
 * `weights` is [rows, columns], flat in row-major order or nested, and is copied. A map without rows or without
 * columns is legal and is drawn as a note that it has no weights.
 *
 * @throws ShapeError when the number of weights does not match the labels
 * @throws ArgumentError when a label is not a string, or a weight is not a number in [0, 1]; up to 1e-6 above 1
 *   passes as float32 rounding and is read as 1
 */
export function attentionMap(input: AttentionMapInput): AttentionMap {
  const grid = checkGrid(input, 'attentionMap');
  return {
    ...grid,
    toTerminal: (options) => toTerminal(grid, options),
    toSVG: (options) => toSVG(grid, options),
    toHTML: (options) => attentionPage([grid], options),
  };
}
