/**
 * How far float32 may be from the exact result, relative to the largest element of the tensor.
 *
 * n roundings on the way to an element add up to more than LAMBDA * sqrt(n) * u with a probability below
 * 2 exp(-LAMBDA^2 / 2) (Higham and Mary 2019, theorem 2.4; u = 2^-24), not to n * u, which only conspiring signs reach. n
 * is counted along the longest way through the case's own shapes, so it holds for other sizes:
 * - outputs: the terms of each product (a weight's fan-in), of sums over the last two axes of an input (keys,
 *   features), and APPROXIMATION for each exp, tanh, sigmoid or erf passed; all of that once for each step in time;
 * - gradients: the way there and the way back (a weight's fan-out), and the rows summed for a weight's gradient.
 * The makers of a case say how far PyTorch's own float32 was off, times 16 (`tol`), and four times that is the most they would
 * grant approximations of exp and tanh: the bound is never above that.
 * Where the calculation is badly conditioned the bound grows by the condition number, which the runner computes from the
 * inputs and names in the row. Otherwise no bound exceeds CEILING, not even that of a scalar's gradient, a sum in which
 * terms cancel.
 */
import type { StoredDType } from '../../src/tensor/weights.ts';
import type { Fixture } from './fixture.ts';

/** Float32 rounds to within this much of a number. */
const UNIT = 2 ** -24;
/** What narrower floats do. A reference computed in them rounds scores, weights and output, and once more to store it. */
const NARROW_UNITS: Readonly<Partial<Record<StoredDType, number>>> = { F16: 2 ** -11, BF16: 2 ** -8 };
const NARROW_ROUNDINGS = 4;
const LAMBDA = 5;
/** Approximations are accurate to 8 u (5e-7), as much as 64 independent roundings. */
const APPROXIMATION = 64;
const CEILING = 1e-4;
/** What the makers of the cases grant beyond their own bounds. */
const GRANTED = 4;

/** What the shapes do not tell of a case's arithmetic. */
export interface Arithmetic {
  /** Steps in time, each of which takes up the error of the one before; 1 by default. */
  readonly steps?: number;
  /** Approximated functions on the way of one step; 1 by default. */
  readonly approximations?: number;
  /** How much larger relative errors become than those of the inputs, and why. */
  readonly condition?: { readonly number: number; readonly reason: string };
  /** Of the inputs and the reference, where that is not float32. */
  readonly dtype?: StoredDType;
}

export interface Tolerances {
  /** The bound on a result. */
  of(result: { readonly isGradient: boolean; readonly cancellation: number }): number;
  /** Why they exceed CEILING, where they do. */
  readonly reason?: string;
}

export function tolerancesOf(fixture: Fixture, arithmetic: Arithmetic = {}): Tolerances {
  const { steps = 1, approximations = 1, condition, dtype = 'F32' } = arithmetic;
  const narrow = NARROW_UNITS[dtype];
  const weights = shapesOf(fixture, 'w.');
  const inputs = shapesOf(fixture, 'in.');
  const sizes = weights.map((shape) => shape.reduce((a, b) => a * b, 1));
  const fanIn = total(weights.map((shape, i) => sizes[i]! / Math.max(1, shape[0]!)));
  const fanOut = total(weights.map((shape) => shape[0]!));
  const summed = total(inputs.map((shape) => total(shape.slice(-2))));
  const rows = Math.max(1, ...inputs.map((shape) => shape.slice(0, -1).reduce((a, b) => a * b, 1)));
  const there = steps * (fanIn + summed + APPROXIMATION * approximations);
  const back = steps * (fanOut + summed + APPROXIMATION * approximations) + rows;
  const factor = Math.max(1, condition?.number ?? 1);
  const bound = (roundings: number, granted = Number.POSITIVE_INFINITY): number => {
    const plain = Math.min(CEILING, LAMBDA * Math.sqrt(roundings) * UNIT);
    return Math.min(plain * factor + NARROW_ROUNDINGS * (narrow ?? 0), GRANTED * granted);
  };
  const { compare, tol } = fixture.description;
  const output = bound(there, compare === 'elementwise' ? tol?.out : tol?.out_rel);
  const gradient = bound(there + back, tol?.grad_rel);
  return {
    of({ isGradient, cancellation }) {
      const own = isGradient ? gradient : output;
      return Math.max(own, Math.min(CEILING, own * cancellation));
    },
    ...(Math.max(output, gradient) > CEILING && { reason: excuse(arithmetic) }),
  };
}

function excuse({ condition, dtype = 'F32' }: Arithmetic): string {
  return dtype in NARROW_UNITS ? `the reference is in ${dtype}` : (condition?.reason ?? '');
}

/** Shapes of what products and sums are made of: floats of at least one axis. */
function shapesOf({ source }: Fixture, prefix: string): (readonly number[])[] {
  return source
    .names()
    .filter((name) => name.startsWith(prefix) && !/^in\.(cotangent|grad)\./.test(name))
    .map((name) => source.get(name)!)
    .filter(({ dtype, shape }) => /^(F|BF)/.test(dtype) && shape.length > 0)
    .map(({ shape }) => shape);
}

function total(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/**
 * Layer norm subtracts the mean: what x was rounded by grows, beside the deviation that is left, by
 * max |x| / sqrt(variance + epsilon), the largest of all rows.
 */
export function layerNormCondition(x: Float32Array, size: number, epsilon: number): Arithmetic['condition'] {
  let most = 1;
  for (let row = 0; row < x.length; row += size) {
    const values = Array.from(x.subarray(row, row + size));
    const mean = total(values) / size;
    const variance = total(values.map((value) => (value - mean) ** 2)) / size;
    most = Math.max(most, Math.max(...values.map(Math.abs)) / Math.sqrt(variance + epsilon));
  }
  // Of ordinary data the largest is a few deviations: roundings count that.
  return most < 8
    ? undefined
    : { number: most, reason: `badly conditioned: x is ${most.toFixed(0)} deviations from 0` };
}

/**
 * Where sigmoid saturates its derivative is exp(-|z|), whose relative error is the absolute one of z, u times what z sums up.
 * APPROXIMATION covers 8 u.
 * @param products pairs of rows [rows, size] and weights [gates, size] by name
 */
export function saturationCondition(
  fixture: Fixture,
  products: readonly (readonly [rows: string, weight: string])[],
): Arithmetic['condition'] {
  const largest = total(products.map(([rows, weight]) => largestSum(fixture, rows, weight)));
  const number = largest / Math.sqrt(APPROXIMATION);
  if (number <= 1) return undefined;
  return { number, reason: `badly conditioned: gates sum up to ${largest.toFixed(0)}, which saturates them` };
}

/** The largest sum over k of |x_k w_jk|. */
function largestSum(fixture: Fixture, rows: string, weight: string): number {
  const [x, w] = [fixture.floats(rows), fixture.floats(weight)];
  const size = fixture.shape(weight)[1]!;
  let most = 0;
  for (let i = 0; i < x.length; i += size) {
    for (let j = 0; j < w.length; j += size) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += Math.abs(x[i + k]! * w[j + k]!);
      most = Math.max(most, sum);
    }
  }
  return most;
}
