import { drawnLabel, drawnTitle } from '../labels.ts';
import type { AttentionGrid } from '../map/grid.ts';
import { weightsTables } from '../map/html.ts';
import { htmlFigure, htmlPage, type PageOptions } from '../page.ts';
import type { TerminalOptions } from '../terminal.ts';
import { type AttentionOverlayInput, checkOverlay, describeOverlay, type Overlay } from './input.ts';
import { type OverlaySVGOptions, overlayToSVG } from './svg.ts';
import { overlayToTerminal } from './terminal.ts';

/** Where a captioner looked, word by word, ready to be drawn. The same input and options give the same text. */
export interface AttentionOverlay {
  /**
   * One small picture for each step, as many side by side as fit, its label below. Where at least half of the step's largest
   * weight lies the picture is in heavy shades, elsewhere in light ones; in colours, what was not looked at fades to grey.
   * Control characters in labels are escaped.
   *
   * @throws ArgumentError when `width` is not an integer of at least 24
   */
  toTerminal(options?: TerminalOptions): string;
  /**
   * One picture for each step as a self-contained SVG document with its own background, light or dark as the reader prefers:
   * the less was looked at a place, the thicker it is veiled; each weight shows on hover. Lightness alone tells it, so it
   * also reads in grey. Images of more than 96 pixels on a side are averaged down to that.
   *
   * @throws ArgumentError when `pictureSize` is not a number from 16 to 2000
   */
  toSVG(options?: OverlaySVGOptions): string;
  /**
   * The pictures as a whole HTML page without scripts or external resources, with the weights of each step also as a table.
   *
   * @throws ArgumentError when `title` is not a string, `lang` is not a language tag or `pictureSize` not a number from 16 to
   *   2000
   */
  toHTML(options?: PageOptions & OverlaySVGOptions): string;
}

/**
 * Attention laid over the image it belongs to, step by step (Xu 2015, figures 2 to 5). Weights are shown relative to the
 * largest of their step.
 *
 * @throws ShapeError when the number of pixels or weights does not match
 * @throws ArgumentError for sides that are not integers from 1 to 4096 (image) or 128 (grid), pixels out of their range, a
 *   label that is not a string, or a weight that is not a number in [0, 1]; up to 1e-6 above 1 passes as rounding
 */
export function attentionOverlay(input: AttentionOverlayInput): AttentionOverlay {
  const overlay = checkOverlay(input);
  return {
    toTerminal: (options) => overlayToTerminal(overlay, options),
    toSVG: (options) => overlayToSVG(overlay, options),
    toHTML: (options) => overlayToHTML(overlay, options),
  };
}

function overlayToHTML(overlay: Overlay, options: PageOptions & OverlaySVGOptions = {}): string {
  const { title = overlay.title || 'Attention over an image', lang, pictureSize } = options;
  const named = overlay.title && overlay.title !== title ? drawnTitle(overlay.title) : '';
  const svg = overlayToSVG(overlay, { pictureSize }, 'inline');
  const tables = weightsTables(mapsOf(overlay));
  const figure = htmlFigure(svg, describeOverlay(overlay, drawnTitle), tables, named);
  return htmlPage('toHTML', { title, lang }, figure);
}

/** Each step's weights as a map of its places. */
function mapsOf({ rows, columns, steps }: Overlay): AttentionGrid[] {
  const places = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name} ${i + 1}`);
  return steps.map(({ label, weights }, i) => ({
    rows: places('row', rows),
    columns: places('column', columns),
    weights,
    title: `${i + 1}: ${drawnLabel(label)}`,
  }));
}
