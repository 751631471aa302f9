/** How well sequences of digits were read, and where attention lay while they were. */
import { ArgumentError } from '../../src/errors.ts';
import type { Box, Canvas } from './canvas.ts';

export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** What was written about a canvas. */
export interface Reading {
  readonly digits: readonly number[];
  /** [rows * columns] of the grid for each of the digits, and perhaps for the end. */
  readonly attention: readonly ArrayLike<number>[];
}

export interface ReadingScore {
  readonly canvases: number;
  /**
   * Digits written at their own place, over those that are there or were written, whichever are more: a digit too many or
   * too few is an error, and so is each that it moves from its place.
   */
  readonly digitsRight: number;
  /** Share of the canvases read without an error. */
  readonly sequencesRight: number;
  /** Mean share of attention on the cells that the digit's ink box touches, while the digit of that place is written. */
  readonly attentionOnDigit: number;
  /** Mean share of attention on the cells whose middle is nearer to this digit's than to any other's. */
  readonly attentionNearest: number;
}

/** @throws ArgumentError unless there is a reading for each of one or more canvases */
export function scoreReadings(
  canvases: readonly Canvas[],
  readings: readonly Reading[],
  grid: Grid,
  size: { readonly height: number; readonly width: number },
): ReadingScore {
  if (canvases.length === 0 || readings.length !== canvases.length) {
    throw new ArgumentError(
      `scoreReadings: expected a reading for each of one or more canvases, got ${readings.length} for ${canvases.length}`,
    );
  }
  let [places, right, whole, looks, onDigit, nearest] = [0, 0, 0, 0, 0, 0];
  canvases.forEach(({ digits, boxes }, i) => {
    const { digits: read, attention } = readings[i]!;
    const matching = digits.filter((digit, t) => digit === read[t]).length;
    const longest = Math.max(digits.length, read.length);
    places += longest;
    right += matching;
    if (matching === longest) whole++;
    for (let t = 0; t < Math.min(digits.length, read.length); t++) {
      looks++;
      onDigit += massOnBox(attention[t]!, boxes[t]!, grid, size);
      nearest += massNearest(attention[t]!, boxes, t, grid, size);
    }
  });
  return {
    canvases: canvases.length,
    digitsRight: right / places,
    sequencesRight: whole / canvases.length,
    attentionOnDigit: looks === 0 ? 0 : onDigit / looks,
    attentionNearest: looks === 0 ? 0 : nearest / looks,
  };
}

/** Attention on the cells that a box touches. */
export function massOnBox(
  weights: ArrayLike<number>,
  { left, top, width, height }: Box,
  { rows, columns }: Grid,
  size: { readonly height: number; readonly width: number },
): number {
  const [cellHeight, cellWidth] = [size.height / rows, size.width / columns];
  return massWhere(weights, (i) => {
    const [y, x] = [Math.floor(i / columns) * cellHeight, (i % columns) * cellWidth];
    return y < top + height && y + cellHeight > top && x < left + width && x + cellWidth > left;
  });
}

function massNearest(
  weights: ArrayLike<number>,
  boxes: readonly Box[],
  which: number,
  { rows, columns }: Grid,
  size: { readonly height: number; readonly width: number },
): number {
  return massWhere(weights, (i) => {
    const y = ((Math.floor(i / columns) + 0.5) * size.height) / rows;
    const x = (((i % columns) + 0.5) * size.width) / columns;
    const distances = boxes.map(({ left, top, width, height }) =>
      Math.hypot(left + width / 2 - x, top + height / 2 - y),
    );
    return distances.indexOf(Math.min(...distances)) === which;
  });
}

function massWhere(weights: ArrayLike<number>, isIn: (cell: number) => boolean): number {
  return Array.from(weights).reduce((sum, weight, i) => (isIn(i) ? sum + weight : sum), 0);
}
