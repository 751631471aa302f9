/**
 * Gated recurrent unit (Cho et al. 2014) in PyTorch's form, which resets after the product with the state: the gates
 * lie side by side as reset r, update z, candidate n. With x the projections of the inputs and p = W_hh h + b_hh:
 *
 *   r, z = sigmoid(x_r + p_r, x_z + p_z)   n = tanh(x_n + r * p_n)   h' = (1 - z) * n + z * h
 */
import { tanh } from '../math/tanh';
import { loadTail, madd, storeTail } from '../simd/vec';
import { f32_add, f32_sigmoid } from './elementwise';
import { matmulPacked } from './matmul';

/** n + z (h - n): h'. */
// @ts-ignore: decorator
@inline
function mix(n: v128, z: v128, h: v128): v128 {
  return madd(z, f32x4.sub(h, n), n);
}

/**
 * One row: gates [3 * hidden], the projections of the input, are replaced by the activations; products [3 * hidden] are
 * those of the state, with their biases. h' replaces h and is written to output too.
 */
export function gruRow(outputPtr: usize, hiddenPtr: usize, gatesPtr: usize, productsPtr: usize, hidden: i32): void {
  const bytes = (<usize>hidden) << 2;
  f32_add(gatesPtr, gatesPtr, productsPtr, 2 * hidden);
  f32_sigmoid(gatesPtr, gatesPtr, 2 * hidden);
  const rPtr = gatesPtr, zPtr = rPtr + bytes, nPtr = zPtr + bytes, pPtr = productsPtr + 2 * bytes;
  let j: usize = 0;
  for (const whole = bytes & ~15; j < whole; j += 16) {
    const n = tanh(madd(v128.load(rPtr + j), v128.load(pPtr + j), v128.load(nPtr + j)));
    const h = mix(n, v128.load(zPtr + j), v128.load(hiddenPtr + j));
    v128.store(nPtr + j, n); v128.store(hiddenPtr + j, h); v128.store(outputPtr + j, h);
  }
  const left = hidden & 3;
  if (left) {
    const n = tanh(madd(loadTail(rPtr + j, left), loadTail(pPtr + j, left), loadTail(nPtr + j, left)));
    const h = mix(n, loadTail(zPtr + j, left), loadTail(hiddenPtr + j, left));
    storeTail(nPtr + j, n, left); storeTail(hiddenPtr + j, h, left); storeTail(outputPtr + j, h, left);
  }
}

/**
 * The gate arithmetic of one step for a batch, the products given. hiddenOut, previousHidden [batch, hidden], which may
 * be the same; gates [batch, 3 * hidden]: in, x; out, the activations (the backward pass wants them); products
 * [batch, 3 * hidden]: p. Nothing may overlap otherwise. Error: tests/kernels/gruBounds.ts.
 */
export function f32_gru_cell(
  hiddenOutPtr: usize, gatesPtr: usize, productsPtr: usize, previousHiddenPtr: usize, batch: i32, hidden: i32,
): void {
  const bytes = (<usize>hidden) << 2;
  memory.copy(hiddenOutPtr, previousHiddenPtr, <usize>batch * bytes);
  for (let b = 0; b < batch; ++b) {
    gruRow(hiddenOutPtr, hiddenOutPtr, gatesPtr, productsPtr, hidden);
    hiddenOutPtr += bytes; gatesPtr += 3 * bytes; productsPtr += 3 * bytes;
  }
}

/**
 * A whole sequence for a batch, forwards or (`reverse` not 0) backwards in time.
 *
 * gates [batch, time, 3 * hidden]: in, the projections of the inputs with their biases; out, the activations.
 * packed: the recurrent weight as f32_pack_transposed packs weight_hh [3 * hidden, hidden]; bias_hh [3 * hidden] or 0.
 * hiddenState [batch, hidden]: in, initial; out, final (at each row's own last step).
 * output [batch, time, outputStride]: hidden columns of each row are written; zeros from a row's length on. It may be
 * hiddenState where time is 1.
 * lengths i32 [batch], or 0 for full rows; the reverse direction starts at each row's own end.
 * products [batch, 3 * hidden]: scratch.
 * savedHidden, savedProduct [batch, time, hidden]: the state before each step and p_n, for the backward pass; 0 when
 * not wanted. Nothing may overlap otherwise.
 *
 * Error of one step: the product's (hidden + 1) eps * sum |w||h|, through the slopes of the gates, and what
 * tests/kernels/gruBounds.ts adds.
 * Measured (Node 24, AMD EPYC Zen 4, one thread): T100 B1 H128 `relaxed` 2.5 us a step, the weight being read at 79 GB/s,
 * 0.76 of the second-level cache; `simd` 3.3 us, 0.59. T50 B16 H256 `relaxed` 49 GFLOP/s, 0.86 of the fused roofline;
 * `simd` 43, 0.77 of the mul+add one.
 */
export function f32_gru_sequence(
  outputPtr: usize, hiddenStatePtr: usize, savedHiddenPtr: usize, savedProductPtr: usize, gatesPtr: usize,
  productsPtr: usize, packedPtr: usize, biasPtr: usize, lengthsPtr: usize,
  batch: i32, time: i32, hidden: i32, outputStride: i32, reverse: i32,
): void {
  const stateBytes = (<usize>hidden) << 2;
  const gateBytes = 3 * stateBytes;
  const outputBytes = (<usize>outputStride) << 2;
  for (let step = 0; step < time; ++step) {
    const t = <usize>(reverse ? time - 1 - step : step);
    matmulPacked(
      productsPtr, hiddenStatePtr, packedPtr, biasPtr, batch, 3 * hidden, hidden,
      stateBytes << 2, stateBytes, 4, gateBytes, false,
    );
    for (let b: usize = 0; b < <usize>batch; ++b) {
      const row = b * <usize>time + t;
      const h = hiddenStatePtr + b * stateBytes, products = productsPtr + b * gateBytes;
      const output = outputPtr + row * outputBytes;
      if (lengthsPtr && <i32>t >= load<i32>(lengthsPtr + (b << 2))) {
        memory.fill(output, 0, stateBytes);
        continue;
      }
      if (savedHiddenPtr) {
        memory.copy(savedHiddenPtr + row * stateBytes, h, stateBytes);
        memory.copy(savedProductPtr + row * stateBytes, products + 2 * stateBytes, stateBytes);
      }
      gruRow(output, h, gatesPtr + row * gateBytes, products, hidden);
    }
  }
}
