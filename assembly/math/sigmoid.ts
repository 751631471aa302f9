import { constant, loadTail, madd, storeTail } from '../simd/vec';

/** As in exp: where exp(-x) is 0, and where it is infinite. */
const LARGEST: f32 = 88, SMALLEST: f32 = -88.8;
/** As in exp. */
const ROUNDING: f32 = 12583039.0;

/** With the polynomial of exp, in -r. */
const TABLE: usize = memory.data<f32>([
  SMALLEST, LARGEST, -1.44269504, ROUNDING, 0.693359375, -2.12194440e-4,
  1.3814467238262296e-3, -8.368780836462975e-3, 4.166839271783829e-2, -1.666651964187622e-1, 4.999999403953552e-1, -1,
  1,
]);

/** `sigmoid` with its constants at hand: where they stay in registers, a loop is a quarter faster. */
// @ts-ignore: decorator
@inline
function evaluate(
  x: v128, smallest: v128, largest: v128, log2e: v128, rounding: v128, ln2High: v128, ln2Low: v128,
  p6: v128, p5: v128, p4: v128, p3: v128, p2: v128, p1: v128, one: v128,
): v128 {
  x = f32x4.pmin(f32x4.pmax(x, smallest), largest);
  const shifted = madd(x, log2e, rounding);
  const n = f32x4.sub(shifted, rounding);
  const s = madd(n, ln2Low, madd(n, ln2High, x));
  let p = madd(p6, s, p5);
  p = madd(p, s, p4);
  p = madd(p, s, p3);
  p = madd(p, s, p2);
  p = madd(p, s, p1);
  p = madd(p, s, one);
  return f32x4.div(one, madd(p, i32x4.shl(shifted, 23), one));
}

/**
 * 1 / (1 + exp(-x)), four lanes, with -x taken apart as in exp and 1 + exp(-x) in one step from the polynomial.
 * Domain: all floats; NaN gives NaN. Measured on [-87, 87]: maximum relative error 1.6e-7
 * (tests/kernels/math.spec.ts).
 */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  return evaluate(
    x, constant(TABLE, 0), constant(TABLE, 1), constant(TABLE, 2), constant(TABLE, 3), constant(TABLE, 4), constant(TABLE, 5),
    constant(TABLE, 6), constant(TABLE, 7), constant(TABLE, 8), constant(TABLE, 9), constant(TABLE, 10), constant(TABLE, 11),
    constant(TABLE, 12),
  );
}

/** The sigmoid of n floats; `outPtr` may equal `xPtr`. */
export function sigmoids(outPtr: usize, xPtr: usize, n: i32): void {
  const smallest = constant(TABLE, 0), largest = constant(TABLE, 1), log2e = constant(TABLE, 2), rounding = constant(TABLE, 3);
  const ln2High = constant(TABLE, 4), ln2Low = constant(TABLE, 5);
  const p6 = constant(TABLE, 6), p5 = constant(TABLE, 7), p4 = constant(TABLE, 8), p3 = constant(TABLE, 9), p2 = constant(TABLE, 10);
  const p1 = constant(TABLE, 11), one = constant(TABLE, 12);
  for (; n >= 4; n -= 4, outPtr += 16, xPtr += 16) {
    v128.store(outPtr, evaluate(v128.load(xPtr), smallest, largest, log2e, rounding, ln2High, ln2Low, p6, p5, p4, p3, p2, p1, one));
  }
  if (n > 0) storeTail(outPtr, sigmoid(loadTail(xPtr, n)), n);
}
