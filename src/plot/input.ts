/** Checks of what plots are made from. `where` is the function that was called, which messages begin with. */
import { ArgumentError, ShapeError } from '../errors.ts';

/** A softmax in float32 can end a few units in the last place above 1. */
const ROUNDING = 1e-6;

/** [rows, columns], flat in row-major order or nested. */
export type Weights = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

/** What a value is, for a message. */
export function kind(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}

/** @throws ArgumentError when `input` is not an object */
export function checkObject(input: unknown, where: string, parts: string): void {
  if (typeof input === 'object' && input !== null) return;
  throw new ArgumentError(`${where}: expected an object with ${parts}, got ${kind(input)}`);
}

/** A copy of the labels. @throws ArgumentError when they are not an array of strings */
export function checkLabels(labels: readonly string[], where: string, argument: string): readonly string[] {
  if (!Array.isArray(labels)) {
    throw new ArgumentError(`${where}: ${argument} must be an array of strings, got ${kind(labels)}`);
  }
  return Array.from(labels, (label, index) => {
    checkText(label, where, `${argument}[${index}]`);
    return label;
  });
}

/** @throws ArgumentError when `text` is not a string */
export function checkText(text: unknown, where: string, argument: string): asserts text is string {
  if (typeof text === 'string') return;
  throw new ArgumentError(`${where}: ${argument} must be a string, got ${kind(text)}`);
}

/** @throws ArgumentError when `title` is neither a string nor left out */
export function checkTitle(title: string | undefined, where: string, argument: string): string | undefined {
  if (title !== undefined) checkText(title, where, argument);
  return title;
}

/**
 * [rows, columns] in row-major order, copied; up to 1e-6 above 1 passes as float32 rounding and is read as 1.
 *
 * @throws ShapeError when their number is not that of the labels
 * @throws ArgumentError when a weight is not a number in [0, 1]
 */
export function checkWeights(
  weights: Weights,
  rows: number,
  columns: number,
  where: string,
  argument = 'weights',
): Float64Array {
  if (!isList(weights)) {
    throw new ArgumentError(
      `${where}: ${argument} must be an array of ${rows} x ${columns} numbers, got ${kind(weights)}`,
    );
  }
  const nested = typeof weights[0] === 'object' && weights[0] !== null;
  const size = nested ? rows : rows * columns;
  if (weights.length !== size) {
    const got = nested ? `${weights.length} rows` : `${weights.length} numbers`;
    const expected = nested ? `${rows} rows` : `${rows} x ${columns} = ${size} numbers`;
    throw new ShapeError(
      `${where}: ${argument} must hold ${expected} (rows is [${rows}], columns is [${columns}]), got ${got}`,
    );
  }
  const flat = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const line = nested ? (weights[row] as ArrayLike<number>) : (weights as ArrayLike<number>);
    const offset = nested ? 0 : row * columns;
    if (nested && line?.length !== columns) {
      throw new ShapeError(
        `${where}: ${argument}[${row}] must hold ${columns} numbers (columns is [${columns}]), got ${line?.length ?? kind(line)}`,
      );
    }
    for (let column = 0; column < columns; column++) {
      const place = `row ${row}, column ${column}`;
      flat[row * columns + column] = checkWeight(line[offset + column], where, argument, place);
    }
  }
  return flat;
}

/** @throws ArgumentError when `weight` is not a number in [0, 1] */
export function checkWeight(weight: unknown, where: string, argument: string, place: string): number {
  if (typeof weight !== 'number' || !(weight >= 0 && weight <= 1 + ROUNDING)) {
    const got = typeof weight === 'number' ? weight : kind(weight);
    throw new ArgumentError(`${where}: ${argument} must be numbers in [0, 1], got ${got} at ${place}`);
  }
  return Math.min(weight, 1);
}

/** Whether a value is an array or a typed array. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as ArrayLike<unknown>).length === 'number'
  );
}
