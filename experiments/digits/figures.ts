/** What a part finds: all that pictures and tables are made from. */
import type { Canvas } from './canvas.ts';
import type { CurvePoint } from './learning.ts';
import type { Grid, Reading, ReadingScore } from './reading.ts';

/** Of the test canvases with so many digits. */
export interface CountFigures extends Pick<ReadingScore, 'canvases' | 'digitsRight' | 'sequencesRight'> {
  readonly count: number;
}

/** A test canvas, and how it was read. */
export interface Example {
  /** A byte for each pixel, 0 (paper) to 255 (ink), row after row, in base 64. */
  readonly pixels: string;
  readonly digits: readonly number[];
  readonly read: readonly number[];
  /** [rows * columns] of the grid for each digit that was read, and for the end where it was written. */
  readonly attention: readonly (readonly number[])[];
}

/** Of all test canvases, and more. */
export interface DigitsFigures extends ReadingScore {
  readonly parameters: number;
  readonly byCount: readonly CountFigures[];
  readonly curve: readonly CurvePoint[];
  readonly grid: Grid;
  /** The first test canvas of each number of digits, however it was read. */
  readonly examples: readonly Example[];
}

export function exampleOf({ pixels, digits }: Canvas, { digits: read, attention }: Reading): Example {
  const bytes = Uint8Array.from(pixels, (value) => Math.round(255 * value));
  return {
    pixels: Buffer.from(bytes).toString('base64'),
    digits,
    read,
    attention: attention.map((weights) => Array.from(weights, (weight) => Math.round(weight * 1e4) / 1e4)),
  };
}

/** Of an example: 0 (paper) to 255 (ink). */
export function pixelsOf({ pixels }: Example): Uint8Array {
  return Uint8Array.from(Buffer.from(pixels, 'base64'));
}
