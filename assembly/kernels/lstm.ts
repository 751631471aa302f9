/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with forget gates), in PyTorch's convention: the gates lie
 * side by side as input i, forget f, cell g, output o.
 *
 *   i, f, o = sigmoid(a_i, a_f, a_o)   g = tanh(a_g)   c' = f * c + i * g   h' = o * tanh(c')
 */
import { tanh } from '../math/tanh';
import { loadTail, madd, storeTail } from '../simd/vec';
import { f32_sigmoid, f32_tanh } from './elementwise';
import { matmulPacked } from './matmul';

/**
 * One row: gates [4 * hidden] are replaced by their activations; h' and c' are written (c' may overwrite c), h' twice:
 * as output and as state. Gate by gate rather than cell by cell: short loops, of which the processor overlaps several
 * rounds.
 */
export function cellRow(
  outputPtr: usize, hiddenPtr: usize, cellPtr: usize, gatesPtr: usize, previousCellPtr: usize, hidden: i32,
): void {
  const bytes = (<usize>hidden) << 2;
  const iPtr = gatesPtr, fPtr = iPtr + bytes, gPtr = fPtr + bytes, oPtr = gPtr + bytes;
  f32_sigmoid(iPtr, iPtr, 2 * hidden);
  f32_tanh(gPtr, gPtr, hidden);
  f32_sigmoid(oPtr, oPtr, hidden);
  let j: usize = 0;
  for (const whole = bytes & ~15; j < whole; j += 16) {
    const c = madd(v128.load(fPtr + j), v128.load(previousCellPtr + j), f32x4.mul(v128.load(iPtr + j), v128.load(gPtr + j)));
    const h = f32x4.mul(v128.load(oPtr + j), tanh(c));
    v128.store(cellPtr + j, c); v128.store(hiddenPtr + j, h); v128.store(outputPtr + j, h);
  }
  const left = hidden & 3;
  if (left) {
    const c = madd(loadTail(fPtr + j, left), loadTail(previousCellPtr + j, left), f32x4.mul(loadTail(iPtr + j, left), loadTail(gPtr + j, left)));
    const h = f32x4.mul(loadTail(oPtr + j, left), tanh(c));
    storeTail(cellPtr + j, c, left); storeTail(hiddenPtr + j, h, left); storeTail(outputPtr + j, h, left);
  }
}

/**
 * The gate arithmetic of one step for a batch. hiddenOut, cellOut, previousCell [batch, hidden]; gates
 * [batch, 4 * hidden]: in, the summed projections of input and hidden state; out, the activations (the backward pass
 * wants them). cellOut may equal previousCell. Error: 8 eps relative to 1 + |c|.
 */
export function f32_lstm_cell(
  hiddenOutPtr: usize, cellOutPtr: usize, gatesPtr: usize, previousCellPtr: usize, batch: i32, hidden: i32,
): void {
  const bytes = (<usize>hidden) << 2;
  for (let b = 0; b < batch; ++b) {
    cellRow(hiddenOutPtr, hiddenOutPtr, cellOutPtr, gatesPtr, previousCellPtr, hidden);
    hiddenOutPtr += bytes; cellOutPtr += bytes; previousCellPtr += bytes; gatesPtr += bytes << 2;
  }
}

/**
 * A whole sequence for a batch, forwards or (`reverse` not 0) backwards in time.
 *
 * gates [batch, time, 4 * hidden]: in, the projections of the inputs with all biases; out, the activations.
 * packed: the recurrent weight as f32_pack_transposed packs weight_hh [4 * hidden, hidden].
 * hidden and cell state [batch, hidden]: in, initial; out, final (at each row's own last step).
 * output [batch, time, outputStride]: hidden columns of each row are written; zeros from a row's length on. It may be
 * hiddenState where time is 1. Nothing may overlap otherwise.
 * lengths i32 [batch], or 0 for full rows; the reverse direction starts at each row's own end.
 * savedHidden, savedCell [batch, time, hidden]: the state before each step, for the backward pass; 0 when not wanted.
 *
 * Error of one step: the product's (hidden + 1) eps * sum |w||h|, through the slopes of the gates, and f32_lstm_cell's.
 * Measured (Node 24, AMD EPYC Zen 4, one thread): T100 B1 H128 `relaxed` 3.4 us a step, the weight being read at 78 GB/s,
 * 0.75 of the second-level cache; `simd` 4.4 us, 0.58. 86 % of the former is the product, the rest the gates (13 cycles a
 * cell). T50 B16 H256 `relaxed` 48 GFLOP/s, 0.85 of the fused roofline; `simd` 42, 0.76 of the mul+add one.
 */
export function f32_lstm_sequence(
  outputPtr: usize, hiddenStatePtr: usize, cellStatePtr: usize, savedHiddenPtr: usize, savedCellPtr: usize,
  gatesPtr: usize, packedPtr: usize, lengthsPtr: usize,
  batch: i32, time: i32, hidden: i32, outputStride: i32, reverse: i32,
): void {
  const stateBytes = (<usize>hidden) << 2;
  const gateBytes = stateBytes << 2;
  const gateRowBytes = gateBytes * <usize>time;
  const savedRowBytes = stateBytes * <usize>time;
  const outputBytes = (<usize>outputStride) << 2;
  const outputRowBytes = outputBytes * <usize>time;
  for (let step = 0; step < time; ++step) {
    const t = <usize>(reverse ? time - 1 - step : step);
    matmulPacked(
      gatesPtr + t * gateBytes, hiddenStatePtr, packedPtr, 0, batch, 4 * hidden, hidden,
      stateBytes << 2, stateBytes, 4, gateRowBytes, true,
    );
    for (let b: usize = 0; b < <usize>batch; ++b) {
      const h = hiddenStatePtr + b * stateBytes, c = cellStatePtr + b * stateBytes;
      if (savedHiddenPtr) {
        memory.copy(savedHiddenPtr + b * savedRowBytes + t * stateBytes, h, stateBytes);
        memory.copy(savedCellPtr + b * savedRowBytes + t * stateBytes, c, stateBytes);
      }
      const output = outputPtr + b * outputRowBytes + t * outputBytes;
      if (lengthsPtr && <i32>t >= load<i32>(lengthsPtr + (b << 2))) {
        memory.fill(output, 0, stateBytes);
      } else {
        cellRow(output, h, c, gatesPtr + b * gateRowBytes + t * gateBytes, c, hidden);
      }
    }
  }
}
