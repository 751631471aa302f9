/** What the queries of an attention may not see. Scores are in units of log2(e). */
import { LOG2_E, LOWEST, ROW } from './attentionTiles';

/** An additive mask in units of log2(e). Finite ones stay finite, as the lowest float that stands for "hidden" must. */
// @ts-ignore: decorator
@inline
export function maskUnits(mask: v128): v128 {
  const hidden = f32x4.splat(-Infinity);
  const finite = f32x4.pmax(f32x4.mul(mask, f32x4.splat(LOG2_E)), f32x4.splat(LOWEST));
  return v128.bitselect(hidden, finite, f32x4.eq(mask, hidden));
}

/** Hides from the queries of a stripe the keys that they do not see: query i sees the first seen + i. */
export function hideDiagonal(scoresPtr: usize, keys: i32, seen: i32): void {
  const hidden = f32x4.splat(-Infinity), low = i32x4(0, 1, 2, 3), high = i32x4(4, 5, 6, 7);
  for (let key = max(0, seen); key < keys; ++key) {
    const row = scoresPtr + <usize>key * ROW;
    const first = i32x4.splat(key - seen);
    v128.store(row, v128.bitselect(v128.load(row), hidden, i32x4.gt_s(low, first)));
    v128.store(row, v128.bitselect(v128.load(row, 16), hidden, i32x4.gt_s(high, first)), 16);
  }
}

/** One key's mask for four queries, `stride` bytes apart; `last` is the last query's number. */
// @ts-ignore: decorator
@inline
function maskColumn(maskPtr: usize, stride: usize, last: i32): v128 {
  if (stride == 0) return v128.load32_splat(maskPtr);
  let v = v128.load32_zero(maskPtr);
  v = v128.load32_lane(maskPtr + <usize>min(1, last) * stride, v, 1);
  v = v128.load32_lane(maskPtr + <usize>min(2, last) * stride, v, 2);
  return v128.load32_lane(maskPtr + <usize>min(3, last) * stride, v, 3);
}

/** Adds the mask [query][key], rows `stride` bytes apart, of which `queries` (1 to 8) exist. */
export function addMask(scoresPtr: usize, maskPtr: usize, keys: i32, queries: i32, stride: usize): void {
  const last = queries - 1;
  const rightPtr = maskPtr + <usize>min(4, last) * stride, lastRight = max(0, last - 4);
  for (let key: usize = 0; key < (<usize>keys) << 2; key += 4, scoresPtr += ROW) {
    const left = maskUnits(maskColumn(maskPtr + key, stride, last));
    const right = maskUnits(maskColumn(rightPtr + key, stride, lastRight));
    v128.store(scoresPtr, f32x4.add(v128.load(scoresPtr), left));
    v128.store(scoresPtr, f32x4.add(v128.load(scoresPtr, 16), right), 16);
  }
}
