/**
 * Scaled dot-product attention, fused and tiled: the matrix of weights is never built.
 *
 * The softmax runs with the keys, keeping for each query the largest score so far and the sum of exponentials
 * relative to it; when a block of keys raises the maximum, what was summed before is scaled down (Milakov &
 * Gimelshein 2018; Dao et al. 2022, FlashAttention).
 *
 * Queries lie in the lanes: a panel is 24 queries, and the scores of a block of keys against it are [key][24], so that
 * maxima, exponentials and sums are vertical, and the block is already packed as the left side of the product with the
 * values. Scores are computed for eight queries (a stripe of the panel) at a time, the values are added for six: a 6 x 8
 * tile fills the registers, and is 6% faster than 4 x 8. Scores are in units of log2(e), which is part of the scale: 2^x
 * is cheaper than e^x.
 */
import { exp2NonPositive, sumOfPowers } from '../math/exp2';
import { madd, storeUpTo4 } from '../simd/vec';
import { addMask, hideDiagonal } from './attentionMask';
import { attendOneQuery } from './attentionOneQuery';
import { packKeys, packQueries } from './attentionPack';
import { addValues, COLUMNS, LOG2_E, LOWEST, PANEL, ROW, scoreStripe, STRIPE } from './attentionTiles';
import { f32_pack } from './matmul';

/** Keys of a block. */
const KEY_BLOCK: i32 = 128;

/** maxima [8] of a stripe's scores, passing over NaN. */
function findMaxima(maximaPtr: usize, scoresPtr: usize, keys: i32): void {
  let max0 = f32x4.splat(LOWEST), max1 = max0;
  for (; keys > 0; --keys, scoresPtr += ROW) {
    max0 = f32x4.pmax(max0, v128.load(scoresPtr)); max1 = f32x4.pmax(max1, v128.load(scoresPtr, 16));
  }
  v128.store(maximaPtr, max0); v128.store(maximaPtr, max1, 16);
}

/**
 * Replaces a stripe's scores by their exponentials relative to the largest so far. state: maxima [24], sums [24], and
 * the block's maxima [24], which give way to the factors that what was summed before is scaled by.
 */
function exponentiate(scoresPtr: usize, statePtr: usize, keys: i32): void {
  const before0 = v128.load(statePtr), before1 = v128.load(statePtr, 16);
  const max0 = f32x4.pmax(before0, v128.load(statePtr, 2 * ROW)), max1 = f32x4.pmax(before1, v128.load(statePtr, 2 * ROW + 16));
  const sum0 = sumOfPowers(scoresPtr, keys, ROW, max0), sum1 = sumOfPowers(scoresPtr + 16, keys, ROW, max1);
  const factor0 = exp2NonPositive(f32x4.sub(before0, max0)), factor1 = exp2NonPositive(f32x4.sub(before1, max1));
  v128.store(statePtr, max0); v128.store(statePtr, max1, 16);
  v128.store(statePtr, madd(v128.load(statePtr, ROW), factor0, sum0), ROW);
  v128.store(statePtr, madd(v128.load(statePtr, ROW + 16), factor1, sum1), ROW + 16);
  v128.store(statePtr, factor0, 2 * ROW); v128.store(statePtr, factor1, 2 * ROW + 16);
}

/** out rows = accumulated / sum; zeros where the sum is 0. */
function storePanel(outPtr: usize, outStride: usize, accumulatedPtr: usize, sumsPtr: usize, queries: i32, columns: i32): void {
  for (let query = 0; query < queries; ++query, outPtr += outStride, accumulatedPtr += 32, sumsPtr += 4) {
    const sum = load<f32>(sumsPtr);
    const seen = i32x4.splat(sum == 0 ? 0 : -1), inverse = f32x4.splat(1 / sum);
    let source = accumulatedPtr, target = outPtr;
    for (let count = columns; count > 0; count -= COLUMNS, source += ROW << 3, target += 32) {
      storeUpTo4(target, v128.and(seen, f32x4.mul(inverse, v128.load(source))), count);
      storeUpTo4(target + 16, v128.and(seen, f32x4.mul(inverse, v128.load(source, 16))), count - 4);
    }
  }
}

/** `bytes`: a multiple of 16. */
// @ts-ignore: decorator
@inline
function fill(pointer: usize, v: v128, bytes: usize): void {
  for (const end = pointer + bytes; pointer < end; pointer += 16) v128.store(pointer, v);
}

/** Scores of a block of keys against a panel, masked, and their exponentials. A stripe that sees no key has factors of 1. */
function weigh(
  scoresPtr: usize, statePtr: usize, packedKeyPtr: usize, panelPtr: usize, maskPtr: usize, queries: i32, keys: i32, seen: i32,
  size: i32, maskStride: usize,
): void {
  for (let stripe = 0; stripe < queries; stripe += STRIPE) {
    const at = (<usize>stripe) << 2, scores = scoresPtr + at, state = statePtr + at, maxima = state + 2 * ROW;
    const rest = min(STRIPE, queries - stripe), sees = seen + stripe, count = max(0, min(keys, sees + rest - 1));
    scoreStripe(scores, maxima, packedKeyPtr, panelPtr + <usize>size * at, count, size);
    if (maskPtr) addMask(scores, maskPtr + <usize>stripe * maskStride, count, rest, maskStride);
    if (sees < count) hideDiagonal(scores, count, sees);
    // The tiles' maxima count keys that are hidden, or past the last one.
    if (maskPtr || sees < count || count & 3) findMaxima(maxima, scores, count);
    exponentiate(scores, state, count);
  }
}

/** One head's queries against its packed keys and values. Strides in bytes. */
function attendHead(
  outPtr: usize, queryPtr: usize, packedKeyPtr: usize, packedValuePtr: usize, maskPtr: usize, workPtr: usize,
  queries: i32, keys: i32, size: i32, valueSize: i32, outStride: usize, queryStride: usize, maskStride: usize,
  valuePanelBytes: usize, firstVisible: i32, scale: f32,
): void {
  const scores = workPtr, state: usize = scores + <usize>KEY_BLOCK * ROW, packedQuery = state + 3 * ROW;
  const accumulated = packedQuery + <usize>size * ROW, accumulatedBytes = <usize>((valueSize + 7) & ~7) * ROW;
  for (let q = 0; q < queries; q += PANEL) {
    const count = min(PANEL, queries - q), visible = min(keys, firstVisible + q + count - 1);
    packQueries(packedQuery, queryPtr, count, size, queryStride, scale);
    fill(state, f32x4.splat(LOWEST), ROW);
    fill(state + ROW, f32x4.splat(0), 2 * ROW);
    fill(accumulated, f32x4.splat(0), accumulatedBytes);
    for (let j = 0; j < visible; j += KEY_BLOCK) {
      const key = packedKeyPtr + (<usize>j * size << 2), value = packedValuePtr + ((<usize>j) << 5);
      // Keys of this block that the panel's last query sees, and how many its first one does.
      const block = min(KEY_BLOCK, visible - j), seen = firstVisible + q - j;
      weigh(scores, state, key, packedQuery, maskPtr ? maskPtr + ((<usize>j) << 2) : 0, count, block, seen, size, maskStride);
      addValues(accumulated, scores, value, state + 2 * ROW, count, block, seen, valueSize, valuePanelBytes);
    }
    storePanel(outPtr, outStride, accumulated, state + ROW, count, valueSize);
    outPtr += outStride * PANEL; queryPtr += queryStride * PANEL;
    if (maskPtr) maskPtr += maskStride * PANEL;
  }
}

/**
 * out_i = sum_j softmax_j(scale q_i . k_j + mask_ij) v_j for each head (Vaswani 2017, eq. 1).
 *
 * query [batch, queries, heads * size], key [batch, keys, keyValueHeads * size], value [batch, keys, keyValueHeads *
 * valueSize], out [batch, queries, heads * valueSize]: heads side by side; strides in elements, so that parts of a
 * wider row, or of a longer cache, can be read in place. `heads` is a multiple of `keyValueHeads`: head h reads keys
 * and values h / (heads / keyValueHeads). Of the batch * heads heads this call does [firstHead, firstHead +
 * headCount): results do not depend on the split.
 *
 * Batch item b sees its first `lengths[b]` keys (all where lengthsPtr is 0). Query i sees at most
 * its first firstVisible + i keys: 1 + keys - queries where attention is causal, `keys` where it is not. `mask` (none where maskPtr is 0) is added to the scores: rows of keys, with strides
 * for batch items, heads and queries (0 repeats); -inf is legal. A query that sees nothing gives zeros. NaN in a
 * query, or in a key or value that is seen, gives NaN in the queries concerned; a key that only `mask` hides still
 * counts as seen by its value, times 0.
 *
 * scratch, of this call alone: with r(x, n) = x rounded up to a multiple of n and m = r(valueSize, 8),
 *   r(keys, 4) floats for one query, else r(keys, 4) * size + keys * m + 24 * (size + m) + 3144.
 * out must not overlap anything else. No alignment needed.
 *
 * Error: a weight's, relative, is at most (2 (max score - score) + |score| + 2 |mask| + (size + 4) scale sum |q||k|) eps
 * and, for each 128 keys, 2.2e-7; an output's is at most sum w |v| times twice that and (keys + 8) eps.
 * Measured (Node 24, AMD EPYC Zen 4, one thread): 12 heads of 32, 512 x 512 `relaxed` 46 GFLOP/s, 0.80 of the fused
 * roofline; `simd` 30, 0.53 of the mul+add one. Causal 43 (0.76) and 28 (0.50), 128 x 128 43 (0.76) and 28 (0.51). One
 * query, 2048 keys: 36 GB/s, 0.36 of the third-level cache; `simd` 29 GB/s, 0.29. A profile of 512 x 512 `relaxed`, when it
 * took 9.2 ms: the products 7.1, the exponentials 1.2, packing 0.2 to 0.5 as the inputs are cached or not.
 */
export function f32_attention(
  outPtr: usize, queryPtr: usize, keyPtr: usize, valuePtr: usize, maskPtr: usize, lengthsPtr: usize, scratchPtr: usize,
  firstHead: i32, headCount: i32, heads: i32, keyValueHeads: i32, queries: i32, keys: i32, size: i32, valueSize: i32,
  outBatchStride: i32, outStride: i32, queryBatchStride: i32, queryStride: i32, keyBatchStride: i32, keyStride: i32,
  valueBatchStride: i32, valueStride: i32, maskBatchStride: i32, maskHeadStride: i32, maskStride: i32,
  firstVisible: i32, scale: f32,
): void {
  const packedValue = scratchPtr + (<usize>((keys + 3) & ~3) * size << 2);
  const work = packedValue + (<usize>((valueSize + 7) & ~7) * keys << 2);
  const unit = scale * LOG2_E;
  let packed = -1;
  for (let index = firstHead; index < firstHead + headCount; ++index) {
    const b = index / heads, head = index % heads, shared = head / (heads / keyValueHeads);
    const visible = lengthsPtr ? max(0, min(keys, load<i32>(lengthsPtr + (<usize>b << 2)))) : keys;
    const out = outPtr + (<usize>b * outBatchStride + <usize>head * valueSize << 2);
    const query = queryPtr + (<usize>b * queryBatchStride + <usize>head * size << 2);
    const key = keyPtr + (<usize>b * keyBatchStride + <usize>shared * size << 2);
    const value = valuePtr + (<usize>b * valueBatchStride + <usize>shared * valueSize << 2);
    const mask = maskPtr ? maskPtr + (<usize>b * maskBatchStride + <usize>head * maskHeadStride << 2) : 0;
    if (queries == 1) {
      attendOneQuery(
        out, query, key, value, mask, scratchPtr, max(0, min(visible, firstVisible)), size, valueSize, <usize>keyStride << 2, <usize>valueStride << 2, unit,
      );
      continue;
    }
    if (packed != b * keyValueHeads + shared) {
      packed = b * keyValueHeads + shared;
      packKeys(scratchPtr, key, visible, size, <usize>keyStride << 2);
      f32_pack(packedValue, value, visible, valueSize, valueStride);
    }
    attendHead(
      out, query, scratchPtr, packedValue, mask, work, queries, visible, size, valueSize, <usize>outStride << 2,
      <usize>queryStride << 2, <usize>maskStride << 2, <usize>visible << 5, firstVisible, unit,
    );
  }
}
