/**
 * Rows of activations as integers, x = rowScale * q, for products with 8-bit weights. Two grades, K' being K rounded up
 * to a multiple of 4:
 *
 * - 7 bits: q = round(x / rowScale), rowScale = (max - min) / 127 over the row and 0. Shifted by the row's zero point
 *   into 0..127, what the byte dot product takes; the weights' column sums undo the shift.
 * - up to 16 bits: rowScale = max|x| / limit, limit = min(32767, floor((2^31 - 1) / (128 K'))): no sum of K products
 *   with a byte leaves 32 bits. For K <= 508 an x is off by at most max|x| / 65534.
 *
 * Each x is off by at most rowScale / 2. Where one is not finite, the row's scale is NaN.
 */
import { hmax, hsum, loadUpTo4 } from '../simd/vec';

/** Bytes before a row's quantised values: its scale (f32), and what its sums are shifted by (i32). */
export const ROW_HEADER: usize = 8;
/** Adding 1.5 * 2^23 leaves a rounded integer in the low bits. */
const MAGIC: f32 = 12582912.0;
const MAGIC_BITS: i32 = 0x4b400000;
/** Smallest normal float: the reciprocal of anything from there on is finite. */
const SMALLEST: f32 = 1.1754943508222875e-38;

/** Stores the largest of x and 0, NaN where an x is not finite, and then the smallest. */
// @ts-ignore: decorator
@inline
function storeRange(rowPtr: usize, xPtr: usize, K: i32): void {
  const zero = f32x4.splat(0);
  let low = zero, high = zero, poison = zero;
  for (let k = 0; k < K; k += 4) {
    const x = loadUpTo4(xPtr + ((<usize>k) << 2), K - k);
    low = f32x4.pmin(low, x);
    high = f32x4.pmax(high, x);
    poison = f32x4.add(poison, f32x4.mul(x, zero));
  }
  store<f32>(rowPtr, hmax(high) + hsum(poison));
  store<f32>(rowPtr, -hmax(f32x4.neg(low)), 4);
}

// @ts-ignore: decorator
@inline
function reciprocal(scale: f32): f32 {
  return scale >= SMALLEST ? 1 / scale : 0;
}

/** A row in 7 bits, one byte each. */
export function quantiseRow(rowPtr: usize, xPtr: usize, K: i32): void {
  storeRange(rowPtr, xPtr, K);
  const low = load<f32>(rowPtr, 4);
  // Halved, so that no difference overflows.
  const scale = (load<f32>(rowPtr) * 0.5 - low * 0.5) / 63.5;
  const inverse = reciprocal(scale);
  const zero = reinterpret<i32>(MAGIC - low * inverse) - MAGIC_BITS;
  store<f32>(rowPtr, scale);
  store<i32>(rowPtr, -zero, 4);
  rowPtr += ROW_HEADER;
  const factor = f32x4.splat(inverse), magic = f32x4.splat(MAGIC), shift = i32x4.splat(zero - MAGIC_BITS), most = i8x16.splat(127);
  for (let k = 0; k < K; k += 4) {
    const x = loadUpTo4(xPtr + ((<usize>k) << 2), K - k);
    const q = i32x4.add(f32x4.add(f32x4.mul(x, factor), magic), shift);
    const halves = i16x8.narrow_i32x4_s(q, q);
    v128.store32_lane(rowPtr, i8x16.min_u(i8x16.narrow_i16x8_u(halves, halves), most), 0);
    rowPtr += 4;
  }
}

/** A row in up to 16 bits, two bytes each; of each four k the even ones come first. */
export function quantiseRowI16(rowPtr: usize, xPtr: usize, K: i32): void {
  storeRange(rowPtr, xPtr, K);
  const limit = min(32767, i32.MAX_VALUE / max(1, ((K + 3) & ~3) << 7));
  const scale = max(load<f32>(rowPtr), -load<f32>(rowPtr, 4)) / <f32>limit;
  store<f32>(rowPtr, scale);
  let valuesPtr = rowPtr + ROW_HEADER;
  const factor = f32x4.splat(reciprocal(scale)), magic = f32x4.splat(MAGIC), shift = i32x4.splat(-MAGIC_BITS);
  let sums = i32x4.splat(0);
  for (let k = 0; k < K; k += 4) {
    const x = loadUpTo4(xPtr + ((<usize>k) << 2), K - k);
    const q = i32x4.add(f32x4.add(f32x4.mul(x, factor), magic), shift);
    sums = i32x4.add(sums, q);
    const evenOdd = i8x16.shuffle(q, q, 0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15);
    v128.store64_lane(valuesPtr, i16x8.narrow_i32x4_s(evenOdd, evenOdd), 0);
    valuesPtr += 8;
  }
  // Even k have their weights raised by 128: the sum wraps around, and back.
  store<i32>(rowPtr, -128 * (i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 2)), 4);
}
