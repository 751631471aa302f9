import { ANSI_RESET } from '../colour.ts';
import { directed, shorten, terminalLabel, terminalTitle, wrap } from '../labels.ts';
import { checkTerminal, padTo, type TerminalOptions } from '../terminal.ts';
import { type Overlay, type Raster, resize } from './input.ts';

/** Most cells that a picture takes, sideways and downwards. */
const WIDEST = 32;
const TALLEST = 16;
const LEAST_SLOT = 8;
const GAP = '  ';
/** From dark to light: where it looked, always inked, and elsewhere. */
const LOOKED = ['░', '▒', '▓', '█'];
const ELSEWHERE = [' ', '.', ':'];
/** Of what is not looked at, in colours: this much of it is grey. */
const VEIL = 0.75;
const VEIL_GREY = 0.48;

/** @throws ArgumentError when `width` is not an integer of at least 24 */
export function overlayToTerminal(overlay: Overlay, options: TerminalOptions = {}): string {
  const { colour, width } = checkTerminal(options);
  const { raster, steps, title } = overlay;
  const lines = title ? wrap(terminalTitle(title), width) : [];
  if (steps.length === 0) return [...lines, 'no steps'].join('\n');
  // A cell is about twice as high as wide.
  const [columns, rows] = cellsOf(raster, Math.min(WIDEST, width));
  const picture = resize(raster, columns, colour ? 2 * rows : rows);
  const slot = Math.max(columns, LEAST_SLOT);
  const perRow = Math.max(1, Math.floor((width + GAP.length) / (slot + GAP.length)));
  for (let first = 0; first < steps.length; first += perRow) {
    if (first > 0) lines.push('');
    const shown = steps.slice(first, first + perRow);
    const drawn = shown.map(({ weights }) =>
      (colour ? colouredLines : shadedLines)(picture, rows, weightAt(overlay, weights)),
    );
    const blank = ' '.repeat(slot - columns) + GAP;
    for (let row = 0; row < rows; row++) lines.push(drawn.map((each) => each[row]!).join(blank));
    let labels = '';
    shown.forEach(({ label }, i) => {
      labels = padTo(labels, i * (slot + GAP.length)) + directed(shorten(terminalLabel(label), slot));
    });
    lines.push(labels.trimEnd());
  }
  if (!colour) lines.push(...wrap('░▒▓█ looked at  . : elsewhere', width));
  return lines.join('\n');
}

function cellsOf({ width, height }: Raster, most: number): [number, number] {
  const columns = Math.min(most, 2 * width, Math.max(1, Math.round((2 * TALLEST * width) / height)));
  return [columns, Math.max(1, Math.min(TALLEST, Math.round((columns * height) / (2 * width))))];
}

/** The weight at a point of the picture, x and y in [0, 1), as a share of the step's largest. */
function weightAt({ rows, columns }: Overlay, weights: Float64Array): (x: number, y: number) => number {
  const largest = Math.max(...weights);
  return (x, y) =>
    largest > 0 ? weights[Math.floor(y * rows) * columns + Math.floor(x * columns)]! / largest : 0;
}

/** Shades of the picture's lightness: heavy ones where at least half of the largest weight lies. */
function shadedLines({ width, height, colours }: Raster, rows: number, weight: WeightAt): string[] {
  const lightnesses = Array.from({ length: width * height }, (_, i) => lightness(colours, i));
  return Array.from({ length: rows }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const shades = weight((x + 0.5) / width, (y + 0.5) / height) >= 0.5 ? LOOKED : ELSEWHERE;
      return shades[Math.min(shades.length - 1, Math.floor(lightnesses[y * width + x]! * shades.length))];
    }).join(''),
  );
}

/** Two pixels in each cell, one above the other, faded where the weight is small. */
function colouredLines({ width, height, colours }: Raster, rows: number, weight: WeightAt): string[] {
  const rgb = (x: number, y: number): string => {
    const veil = VEIL * (1 - weight((x + 0.5) / width, (y + 0.5) / height));
    const channel = (i: number) => colours[3 * (y * width + x) + i]! * (1 - veil) + VEIL_GREY * veil;
    return [0, 1, 2].map((i) => Math.round(255 * channel(i))).join(';');
  };
  return Array.from({ length: rows }, (_, row) => {
    let line = '';
    let current = '';
    for (let x = 0; x < width; x++) {
      const sequence = `\u001b[38;2;${rgb(x, 2 * row)};48;2;${rgb(x, 2 * row + 1)}m`;
      if (sequence !== current) line += sequence;
      current = sequence;
      line += '▀';
    }
    return line + ANSI_RESET;
  });
}

type WeightAt = (x: number, y: number) => number;

/** Rec. 601 luma of a pixel. */
function lightness(colours: Float64Array, pixel: number): number {
  return [0.299, 0.587, 0.114].reduce((sum, share, i) => sum + share * colours[3 * pixel + i]!, 0);
}
