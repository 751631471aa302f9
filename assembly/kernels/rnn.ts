/** A plain recurrent network (Elman 1990): h' = tanh(W_ih x + b_ih + W_hh h + b_hh). */
import { f32_tanh } from './elementwise';
import { matmulPacked } from './matmul';

/**
 * A whole sequence for a batch, forwards or (`reverse` not 0) backwards in time.
 *
 * gates [batch, time, hidden]: in, the projections of the inputs with all biases; out, the states.
 * packed: the recurrent weight as f32_pack_transposed packs weight_hh [hidden, hidden].
 * hiddenState [batch, hidden]: in, initial; out, final (at each row's own last step).
 * output [batch, time, outputStride]: hidden columns of each row are written; zeros from a row's length on. It may be
 * hiddenState where time is 1. Nothing may overlap otherwise.
 * lengths i32 [batch], or 0 for full rows; the reverse direction starts at each row's own end.
 * savedHidden [batch, time, hidden]: the state before each step, for the backward pass; 0 when not wanted.
 *
 * Error of one step: the product's (hidden + 1) eps * sum |w||h|, through the slope 1 - h'^2, and tanh's.
 * Measured (Node 24, AMD EPYC Zen 4, one thread): T100 B1 H128 `relaxed` 0.86 us a step, the weight being read at
 * 76 GB/s, 0.75 of the second-level cache; `simd` 1.07 us, 0.60. T50 B16 H256 `relaxed` 50 GFLOP/s, 0.87 of the fused
 * roofline; `simd` 45, 0.79 of the mul+add one.
 */
export function f32_rnn_sequence(
  outputPtr: usize, hiddenStatePtr: usize, savedHiddenPtr: usize, gatesPtr: usize, packedPtr: usize, lengthsPtr: usize,
  batch: i32, time: i32, hidden: i32, outputStride: i32, reverse: i32,
): void {
  const bytes = (<usize>hidden) << 2;
  const rowBytes = bytes * <usize>time;
  const outputBytes = (<usize>outputStride) << 2;
  for (let step = 0; step < time; ++step) {
    const t = <usize>(reverse ? time - 1 - step : step);
    matmulPacked(
      gatesPtr + t * bytes, hiddenStatePtr, packedPtr, 0, batch, hidden, hidden, bytes << 2, bytes, 4, rowBytes, true,
    );
    for (let b: usize = 0; b < <usize>batch; ++b) {
      const row = b * <usize>time + t;
      const h = hiddenStatePtr + b * bytes, output = outputPtr + row * outputBytes;
      if (lengthsPtr && <i32>t >= load<i32>(lengthsPtr + (b << 2))) {
        memory.fill(output, 0, bytes);
        continue;
      }
      if (savedHiddenPtr) memory.copy(savedHiddenPtr + row * bytes, h, bytes);
      const gates = gatesPtr + row * bytes;
      f32_tanh(gates, gates, hidden);
      memory.copy(h, gates, bytes);
      memory.copy(output, gates, bytes);
    }
  }
}
