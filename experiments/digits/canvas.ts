/** Canvases with handwritten digits scattered over them. */
import { ArgumentError } from '../../src/errors.ts';
import type { Random } from '../../src/tensor/random.ts';
import type { Glyph } from './mnist.ts';

export interface CanvasSettings {
  readonly height: number;
  readonly width: number;
  /** How many digits lie on a canvas. */
  readonly fewest: number;
  readonly most: number;
  /** Each digit's size, by that in MNIST (whose ink is at most 20 pixels on a side). */
  readonly smallestScale: number;
  readonly largestScale: number;
}

/** Where a digit's ink lies, in pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A canvas, and what is on it from left to right. */
export interface Canvas {
  /** [height * width], 0 (paper) to 1 (ink). */
  readonly pixels: Float32Array;
  readonly digits: readonly number[];
  readonly boxes: readonly Box[];
}

/** Between neighbours, and to the edges. */
const LEAST_GAP = 1;

/**
 * Digits drawn at random, each in a size of its own, at any height, side by side with random gaps: none overlaps another.
 * @param glyphs where the digits come from
 * @throws ArgumentError when they do not fit
 */
export function drawCanvas(glyphs: readonly Glyph[], settings: CanvasSettings, random: Random): Canvas {
  const { height, width, fewest, most, smallestScale, largestScale } = settings;
  const count = fewest + random.integer(most - fewest + 1);
  const chosen = Array.from({ length: count }, () => {
    const glyph = glyphs[random.integer(glyphs.length)]!;
    return resized(glyph, smallestScale + random.uniform() * (largestScale - smallestScale));
  });
  const needed = chosen.reduce((sum, glyph) => sum + glyph.width, LEAST_GAP * (count + 1));
  if (needed > width || chosen.some((glyph) => glyph.height > height)) {
    throw new ArgumentError(
      `drawCanvas: settings' canvas of ${height} x ${width} has no room for ${most} digits at ${largestScale} of their size`,
    );
  }
  const gaps = shareOut(width - needed, count + 1, random);
  const pixels = new Float32Array(height * width);
  let right = 0;
  const boxes = chosen.map((glyph, i) => {
    const left = right + LEAST_GAP + gaps[i]!;
    const top = random.integer(height - glyph.height + 1);
    for (let y = 0; y < glyph.height; y++) {
      const row = glyph.ink.subarray(y * glyph.width, (y + 1) * glyph.width);
      pixels.set(row, (top + y) * width + left);
    }
    right = left + glyph.width;
    return { left, top, width: glyph.width, height: glyph.height };
  });
  return { pixels, digits: chosen.map(({ digit }) => digit), boxes };
}

/** Whole numbers that add up to `total`, cut at places drawn one by one. */
function shareOut(total: number, parts: number, random: Random): number[] {
  const cuts = Array.from({ length: parts - 1 }, () => random.integer(total + 1)).sort((a, b) => a - b);
  return [...cuts, total].map((cut, i) => cut - (cuts[i - 1] ?? 0));
}

/** The glyph in another size, each new pixel interpolated between the four around its centre. */
function resized(glyph: Glyph, scale: number): Glyph {
  const width = Math.max(1, Math.round(glyph.width * scale));
  const height = Math.max(1, Math.round(glyph.height * scale));
  const columns = samples(glyph.width, width);
  const rows = samples(glyph.height, height);
  const ink = new Float32Array(width * height);
  rows.forEach((row, y) => {
    const [above, below] = [row.from * glyph.width, row.to * glyph.width];
    columns.forEach(({ from, to, share }, x) => {
      const upper = glyph.ink[above + from]! * (1 - share) + glyph.ink[above + to]! * share;
      const lower = glyph.ink[below + from]! * (1 - share) + glyph.ink[below + to]! * share;
      ink[y * width + x] = upper * (1 - row.share) + lower * row.share;
    });
  });
  return { ...glyph, width, height, ink };
}

/** Of each new pixel's centre: the pixels on either side, and how near it is to the second. */
function samples(size: number, newSize: number): { from: number; to: number; share: number }[] {
  return Array.from({ length: newSize }, (_, i) => {
    const at = Math.min(size - 1, Math.max(0, ((i + 0.5) * size) / newSize - 0.5));
    const from = Math.floor(at);
    return { from, to: Math.min(size - 1, from + 1), share: at - from };
  });
}
