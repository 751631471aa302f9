/** Keys and queries as the tiles of the fused attention read them. */
import { loadUpTo4 } from '../simd/vec';
import { STRIPE } from './attentionTiles';

/**
 * target [column][4], `targetStep` bytes apart: the transpose of up to four rows, zeros for those that do not exist,
 * times `scale`. Strides in bytes.
 */
function packRows4(targetPtr: usize, sourcePtr: usize, rows: i32, columns: i32, sourceStride: usize, targetStep: usize, scale: f32): void {
  const factor = f32x4.splat(scale), zero = f32x4.splat(0);
  const r1 = sourcePtr + sourceStride, r2 = r1 + sourceStride, r3 = r2 + sourceStride;
  for (let column = 0; column < columns; column += 4) {
    const at = (<usize>column) << 2, count = columns - column;
    const a = rows > 0 ? loadUpTo4(sourcePtr + at, count) : zero, b = rows > 1 ? loadUpTo4(r1 + at, count) : zero;
    const c = rows > 2 ? loadUpTo4(r2 + at, count) : zero, d = rows > 3 ? loadUpTo4(r3 + at, count) : zero;
    const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
    const ab2 = i32x4.shuffle(a, b, 2, 6, 3, 7), cd2 = i32x4.shuffle(c, d, 2, 6, 3, 7);
    v128.store(targetPtr, f32x4.mul(factor, i64x2.shuffle(ab, cd, 0, 2)));
    if (count > 1) v128.store(targetPtr + targetStep, f32x4.mul(factor, i64x2.shuffle(ab, cd, 1, 3)));
    if (count > 2) v128.store(targetPtr + 2 * targetStep, f32x4.mul(factor, i64x2.shuffle(ab2, cd2, 0, 2)));
    if (count > 3) v128.store(targetPtr + 3 * targetStep, f32x4.mul(factor, i64x2.shuffle(ab2, cd2, 1, 3)));
    targetPtr += targetStep << 2;
  }
}

/** Keys [key, size], rows `stride` bytes apart, as [key / 4][column][4 keys]. */
export function packKeys(packedPtr: usize, keyPtr: usize, keys: i32, size: i32, stride: usize): void {
  for (; keys > 0; keys -= 4) {
    packRows4(packedPtr, keyPtr, keys, size, stride, 16, 1);
    packedPtr += (<usize>size) << 4; keyPtr += stride << 2;
  }
}

/** Up to 24 queries, rows `stride` bytes apart, as stripes [column][8], times `scale`. */
export function packQueries(packedPtr: usize, queryPtr: usize, queries: i32, size: i32, stride: usize, scale: f32): void {
  for (; queries > 0; queries -= STRIPE, packedPtr += (<usize>size) << 5, queryPtr += stride << 3) {
    packRows4(packedPtr, queryPtr, queries, size, stride, 32, scale);
    packRows4(packedPtr + 16, queryPtr + (stride << 2), queries - 4, size, stride, 32, scale);
  }
}
