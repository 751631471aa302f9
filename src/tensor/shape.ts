import { ArgumentError, ShapeError } from '../errors.ts';

/** Extents of the axes, outermost first. */
export type Shape = readonly number[];

/** Number of elements; 1 for a scalar's []. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** `[2, 3]` */
export function describe(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** @throws ShapeError unless every extent is a non-negative integer and the size is addressable */
export function checkShape(where: string, shape: Shape): void {
  if (!shape.every((extent) => Number.isInteger(extent) && extent >= 0) || !(sizeOf(shape) <= 2 ** 31)) {
    throw new ShapeError(
      `${where}: extents must be non-negative integers with a product of at most 2^31, got ${describe(shape)}`,
    );
  }
}

/**
 * Checks what a layer or a model is made of.
 * @throws ArgumentError `<where>: <name> must be a positive integer, got 0`
 */
export function checkSizes(where: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!(Number.isInteger(size) && size > 0)) {
      throw new ArgumentError(`${where}: ${name} must be a positive integer, got ${size}`);
    }
  }
}

/**
 * Checks a tensor's shape against a pattern of extents, where null fits any.
 * @throws ShapeError `<where>: <argument> must be [2, *], got [3, 4]`
 */
export function expectShape(
  where: string,
  argument: string,
  shape: Shape,
  expected: readonly (number | null)[],
): void {
  if (
    shape.length === expected.length &&
    expected.every((extent, i) => extent === null || extent === shape[i])
  )
    return;
  const pattern = expected.map((extent) => extent ?? '*').join(', ');
  throw new ShapeError(`${where}: ${argument} must be [${pattern}], got ${describe(shape)}`);
}
