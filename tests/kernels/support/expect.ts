import { caseName, FILLING, getFloat } from './buffers';
import { seed } from './random';
import { print } from './reference';

/** The unit roundoff of a float (2^-24): the `eps` of the kernels' error bounds. */
export const EPSILON: f64 = 5.9604644775390625e-8;
/** Results this small may be flushed to zero or be subnormal. */
const TINY: f64 = 2.4e-38;

let worst: f64 = 0;
let compared: i32 = 0;

/** Prints how close the largest error since the last report came to its bound. */
export function reportWorst(kernel: string): void {
  print(
    '  ' +
      kernel +
      ': ' +
      compared.toString() +
      ' values, largest error ' +
      (Math.round(worst * 1000) / 1000).toString() +
      ' of its bound, seed ' +
      seed.toString(),
  );
  worst = 0;
  compared = 0;
}

function describeMismatch(i: i32, actual: f32, reference: f64, bound: f64): string {
  return (
    'element ' +
    i.toString() +
    ' is ' +
    actual.toString() +
    ', expected ' +
    reference.toString() +
    ' +- ' +
    bound.toString()
  );
}

/**
 * rows x columns floats, `stride` apart, against dense double references: |actual - reference| at most
 * factor * EPSILON * magnitude. NaN and infinities must be met exactly.
 */
export function expectCloseRows(
  actual: usize,
  stride: i32,
  reference: usize,
  magnitude: usize,
  rows: i32,
  columns: i32,
  factor: f64,
): void {
  let problem = '';
  for (let r = 0; r < rows && problem.length === 0; ++r) {
    for (let j = 0; j < columns; ++j) {
      const i = r * columns + j;
      const a = getFloat(actual, r * stride + j);
      const wanted = load<f64>(reference + ((<usize>i) << 3));
      const bound = factor * EPSILON * load<f64>(magnitude + ((<usize>i) << 3)) + TINY;
      const error = Math.abs(<f64>a - wanted);
      compared++;
      if (
        isNaN(wanted) ? isNaN(a) : !isFinite(wanted) ? <f64>a === wanted : error <= bound && isFinite(bound)
      ) {
        if (isFinite(wanted)) worst = max(worst, error / bound);
        continue;
      }
      problem = describeMismatch(i, a, wanted, bound);
      break;
    }
  }
  expect<string>(problem).toBe('', caseName() + ', seed ' + seed.toString());
}

export function expectClose(actual: usize, reference: usize, magnitude: usize, n: i32, factor: f64): void {
  expectCloseRows(actual, n, reference, magnitude, 1, n, factor);
}

/** n floats that must equal the doubles of the reference, after one rounding. */
export function expectExact(actual: usize, reference: usize, n: i32): void {
  let problem = '';
  for (let i = 0; i < n; ++i) {
    const a = getFloat(actual, i);
    const wanted = <f32>load<f64>(reference + ((<usize>i) << 3));
    compared++;
    if (a === wanted || (isNaN(a) && isNaN(wanted))) continue;
    problem = describeMismatch(i, a, <f64>wanted, 0);
    break;
  }
  expect<string>(problem).toBe('', caseName() + ', seed ' + seed.toString());
}

/** The elements between the columns and the stride must still hold what buffers are filled with. */
export function expectGapsUntouched(pointer: usize, stride: i32, rows: i32, columns: i32): void {
  let problem = '';
  for (let r = 0; r < rows; ++r) {
    for (let j = columns; j < stride; ++j) {
      if (load<u32>(pointer + ((<usize>(r * stride + j)) << 2)) !== FILLING) {
        problem = 'wrote between rows, at row ' + r.toString() + ' column ' + j.toString();
      }
    }
  }
  expect<string>(problem).toBe('', caseName());
}
