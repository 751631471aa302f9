import type { PageOptions } from '../page.ts';
import { curvesToHTML } from './html.ts';
import { type CurvesInput, checkCurves } from './input.ts';
import { type CurvesSVGOptions, curvesToSVG } from './svg.ts';
import { type CurvesTerminalOptions, curvesToTerminal } from './terminal.ts';

/** A chart of lines, ready to be drawn. The same input and options give the same text. */
export interface Curves {
  /**
   * The chart in braille dots, some points of each line as its letter, and beside its end the letter with the label. Bands
   * are left out. Control characters in labels are escaped.
   *
   * @throws ArgumentError when `width` is not an integer of at least 24, or `height` not one from 4 to 200
   */
  toTerminal(options?: CurvesTerminalOptions): string;
  /**
   * The chart as a self-contained SVG document with its own background, light or dark as the reader prefers. Lines are told
   * apart by dashes and markers as well as by colours, and named where they end; values show on hover.
   *
   * @throws ArgumentError when `width` is not a number from 320 to 4000, or `height` not one from 80 to 4000
   */
  toSVG(options?: CurvesSVGOptions): string;
  /**
   * The chart as a whole HTML page without scripts or external resources, with the values also as a table (of more than 200
   * x, evenly chosen ones).
   *
   * @throws ArgumentError when `title` is not a string or `lang` is not a language tag
   */
  toHTML(options?: PageOptions): string;
}

/**
 * A line chart: training curves, or an error rate by word length.
 *
 * A y of NaN leaves a gap. An infinite y is refused, since no axis could show it and to leave it out would hide that a run
 * diverged. The y axis starts at 0 when the values come near it (the least below half of the greatest); else it shows the
 * values' own range.
 *
 * @throws ShapeError when a series has not one y, low or high for each x
 * @throws ArgumentError for more than 26 series, a label or title that is not a string, an x that is not finite or does not
 *   rise, a value that is infinite (or not positive on a log scale), or a band whose low is above its high
 */
export function curves(input: CurvesInput): Curves {
  const chart = checkCurves(input);
  return {
    toTerminal: (options) => curvesToTerminal(chart, options),
    toSVG: (options) => curvesToSVG(chart, options),
    toHTML: (options) => curvesToHTML(chart, options),
  };
}
