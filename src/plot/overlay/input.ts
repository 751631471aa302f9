import { ArgumentError, ShapeError } from '../../errors.ts';
import { checkObject, checkText, checkTitle, checkWeight, isList, kind } from '../input.ts';

const WHERE = 'attentionOverlay';

/** A picture, row after row. */
export interface OverlayImage {
  readonly width: number;
  readonly height: number;
  /**
   * Grey, RGB or RGBA of each pixel, side by side: bytes of a Uint8Array or Uint8ClampedArray, or numbers in [0, 1]. What is
   * transparent shows white.
   */
  readonly pixels: ArrayLike<number>;
}

/** What was written, and where it looked. */
export interface OverlayStep {
  readonly label: string;
  /** [rows * columns] of the grid, row after row, each in [0, 1]. */
  readonly weights: ArrayLike<number>;
}

export interface AttentionOverlayInput {
  readonly image: OverlayImage;
  /** The grid that is laid over the image: `Captioner.gridSize`. */
  readonly rows: number;
  readonly columns: number;
  readonly steps: readonly OverlayStep[];
  readonly title?: string;
}

/** Red, green and blue of each pixel, in [0, 1]. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly colours: Float64Array;
}

/** A checked overlay. */
export interface Overlay {
  readonly raster: Raster;
  readonly rows: number;
  readonly columns: number;
  readonly steps: readonly { readonly label: string; readonly weights: Float64Array }[];
  readonly title: string | undefined;
}

/** Side of the largest image, and of the finest grid. */
const LARGEST_IMAGE = 4096;
const FINEST_GRID = 128;

/** Checks and copies the input. @throws ShapeError, ArgumentError */
export function checkOverlay(input: AttentionOverlayInput): Overlay {
  checkObject(input, WHERE, 'image, rows, columns and steps');
  const { image, rows, columns, steps, title } = input;
  checkExtent(rows, 'rows', FINEST_GRID);
  checkExtent(columns, 'columns', FINEST_GRID);
  if (!Array.isArray(steps)) fail(`steps must be an array, got ${kind(steps)}`);
  checkTitle(title, WHERE, 'title');
  const checked = Array.from(steps, (step: OverlayStep | undefined, i) => {
    const label: unknown = step?.label;
    checkText(label, WHERE, `steps[${i}].label`);
    return { label, weights: checkPlaces(step!.weights, i, rows, columns) };
  });
  return { raster: rasterOf(image), rows, columns, steps: checked, title };
}

function fail(problem: string): never {
  throw new ArgumentError(`${WHERE}: ${problem}`);
}

function checkExtent(value: number, argument: string, most: number): void {
  if (Number.isInteger(value) && value > 0 && value <= most) return;
  fail(`${argument} must be an integer from 1 to ${most}, got ${value}`);
}

function checkPlaces(weights: ArrayLike<number>, step: number, rows: number, columns: number): Float64Array {
  const argument = `steps[${step}].weights`;
  if (!isList(weights) || weights.length !== rows * columns) {
    const got = (weights as ArrayLike<number> | null | undefined)?.length ?? kind(weights);
    throw new ShapeError(
      `${WHERE}: ${argument} must hold ${rows} x ${columns} = ${rows * columns} numbers, got ${got}`,
    );
  }
  return Float64Array.from(weights, (weight, i) => checkWeight(weight, WHERE, argument, `${i}`));
}

function rasterOf(image: OverlayImage): Raster {
  if (typeof image?.pixels !== 'object' || image.pixels === null) {
    fail('image must be an object with width, height and pixels');
  }
  const { width, height, pixels } = image;
  checkExtent(width, 'image.width', LARGEST_IMAGE);
  checkExtent(height, 'image.height', LARGEST_IMAGE);
  const size = width * height;
  const channels = pixels.length / size;
  if (![1, 3, 4].includes(channels)) {
    throw new ShapeError(
      `${WHERE}: image.pixels must hold 1, 3 or 4 numbers for each of ${width} x ${height} = ${size} pixels, got ${pixels.length}`,
    );
  }
  const full = pixels instanceof Uint8Array || pixels instanceof Uint8ClampedArray ? 255 : 1;
  const at = (i: number): number => {
    const value = pixels[i]!;
    if (!(value >= 0 && value <= full)) fail(`image.pixels must lie in [0, ${full}], got ${value} at ${i}`);
    return value / full;
  };
  const colours = Float64Array.from({ length: 3 * size }, (_, i) => {
    const pixel = Math.floor(i / 3) * channels;
    const value = at(pixel + (channels === 1 ? 0 : i % 3));
    const opacity = channels === 4 ? at(pixel + 3) : 1;
    return value * opacity + 1 - opacity;
  });
  return { width, height, colours };
}

/** The picture in another size: each new pixel the mean of those it covers, or the one it lies in. */
export function resize({ width, height, colours }: Raster, newWidth: number, newHeight: number): Raster {
  const resized = new Float64Array(3 * newWidth * newHeight);
  const range = (i: number, from: number, to: number): [number, number] => {
    const start = Math.floor((i * from) / to);
    return [start, Math.max(start + 1, Math.floor(((i + 1) * from) / to))];
  };
  for (let y = 0; y < newHeight; y++) {
    const [top, bottom] = range(y, height, newHeight);
    for (let x = 0; x < newWidth; x++) {
      const [left, right] = range(x, width, newWidth);
      const share = 1 / ((bottom - top) * (right - left));
      for (let row = top; row < bottom; row++) {
        for (let i = 3 * (row * width + left); i < 3 * (row * width + right); i++) {
          resized[3 * (y * newWidth + x) + (i % 3)]! += share * colours[i]!;
        }
      }
    }
  }
  return { width: newWidth, height: newHeight, colours: resized };
}

/** What the overlay is, for those who do not see it. */
export function describeOverlay({ title, steps, rows, columns }: Overlay, drawn: (text: string) => string) {
  const named = title ? `: ${drawn(title)}` : '';
  const count = steps.length === 1 ? '1 step' : `${steps.length} steps`;
  return `attention over an image${named}, ${count}, ${rows} × ${columns} places`;
}
