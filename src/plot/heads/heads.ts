import { drawnTitle } from '../labels.ts';
import { weightsTables } from '../map/html.ts';
import { htmlFigure, htmlPage, type PageOptions } from '../page.ts';
import type { TerminalOptions } from '../terminal.ts';
import { type AttentionHeadsInput, checkHeads, describeHeads, type Heads, mapsOf } from './input.ts';
import { type HeadsSVGOptions, headsToSVG } from './svg.ts';
import { headsToTerminal } from './terminal.ts';

/** The attention of all heads of all layers, ready to be drawn. The same input and options give the same text. */
export interface AttentionHeads {
  /**
   * The heads as small maps of shades or colours: layers downwards, heads across, as many beside each other as fit. Heads
   * too wide for a line become maps of their own, one below the other. Control characters in labels are escaped.
   *
   * @throws ArgumentError when `width` is not an integer of at least 24
   */
  toTerminal(options?: TerminalOptions): string;
  /**
   * The heads as small maps in a self-contained SVG document with its own background, light or dark as the reader prefers:
   * layers downwards, heads across, wrapped where they do not fit; labels stand on the outer edges only, and each value from
   * 0.005 shows on hover.
   *
   * @throws ArgumentError when `width` is not a number from 320 to 4000
   */
  toSVG(options?: HeadsSVGOptions): string;
  /**
   * The heads as a whole HTML page without scripts or external resources, with the weights also as tables.
   *
   * @throws ArgumentError when `title` is not a string or `lang` is not a language tag
   */
  toHTML(options?: PageOptions): string;
}

/**
 * All heads of all layers as small multiples, in one scale of colours (as Vig 2019's model view).
 *
 * `layers` is [layers, heads, rows, columns]: an array of layers, each flat (such as the `toArray()` of the weights that
 * `forward(..., { returnWeights: 'per-head' })` gives for one sequence) or an array of heads; or all of it flat, with `heads`.
 *
 * @throws ShapeError when the number of weights does not match the labels, or layers differ in their number of heads
 * @throws ArgumentError when a label is not a string, `heads` is not a positive integer or missing where `layers` is flat, or
 *   a weight is not a number in [0, 1]; up to 1e-6 above 1 passes as rounding
 */
export function attentionHeads(input: AttentionHeadsInput): AttentionHeads {
  const heads = checkHeads(input);
  return {
    toTerminal: (options) => headsToTerminal(heads, options),
    toSVG: (options) => headsToSVG(heads, options),
    toHTML: (options) => headsToHTML(heads, options),
  };
}

function headsToHTML(heads: Heads, options: PageOptions = {}): string {
  const { title = heads.title || 'Attention of all heads', lang } = options;
  const named = heads.title && heads.title !== title ? drawnTitle(heads.title) : '';
  const label = describeHeads(heads, drawnTitle);
  const figure = htmlFigure(headsToSVG(heads, {}, 'inline'), label, weightsTables(mapsOf(heads)), named);
  return htmlPage('toHTML', { title, lang }, figure);
}
