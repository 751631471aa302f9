import { ArgumentError, ShapeError } from '../errors.ts';

/** One number for both axes, or [height, width]. */
export type Extent2d = number | readonly [number, number];

/** The number twice, or the pair. @throws ArgumentError unless all are integers of at least `least` */
export function pairOf(
  where: string,
  argument: string,
  value: Extent2d,
  least: number,
): readonly [number, number] {
  const pair = typeof value === 'number' ? ([value, value] as const) : value;
  if (!(pair?.length === 2 && pair.every((each) => Number.isInteger(each) && each >= least))) {
    throw new ArgumentError(`${where}: ${argument} must be integers of at least ${least}, got ${value}`);
  }
  return pair;
}

/**
 * How many places a window of `kernel` elements, `dilation` apart, has on an axis: floor((size + 2 padding -
 * dilation (kernel - 1) - 1) / stride) + 1.
 * @throws ShapeError when there is none
 */
export function placesOf(
  where: string,
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation = 1,
): number {
  const span = dilation * (kernel - 1) + 1;
  if (span > size + 2 * padding) {
    throw new ShapeError(
      `${where}: a window of ${span} does not fit in ${size} with a padding of ${padding}`,
    );
  }
  return Math.floor((size + 2 * padding - span) / stride) + 1;
}
