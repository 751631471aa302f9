/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with forget gates), in PyTorch's convention: the gates lie
 * side by side as input i, forget f, cell g, output o.
 *
 *   i, f, o = sigmoid(a_i, a_f, a_o)   g = tanh(a_g)   c' = f * c + i * g   h' = o * tanh(c')
 */
import { sigmoid } from '../math/sigmoid';
import { tanh } from '../math/tanh';
import { loadUpTo4, madd, storeUpTo4 } from '../simd/vec';
import { matmulPacked } from './matmul';

/** One row: gates [4 * hidden] are replaced by their activations; h' and c' are written (c' may overwrite c). */
function cellRow(hiddenPtr: usize, cellPtr: usize, gatesPtr: usize, previousCellPtr: usize, hidden: i32): void {
  const gateBytes = (<usize>hidden) << 2;
  for (let j = 0; j < hidden; j += 4) {
    const left = hidden - j;
    const iPtr = gatesPtr + ((<usize>j) << 2), fPtr = iPtr + gateBytes, gPtr = fPtr + gateBytes, oPtr = gPtr + gateBytes;
    const i = sigmoid(loadUpTo4(iPtr, left));
    const f = sigmoid(loadUpTo4(fPtr, left));
    const g = tanh(loadUpTo4(gPtr, left));
    const o = sigmoid(loadUpTo4(oPtr, left));
    const offset = (<usize>j) << 2;
    const c = madd(f, loadUpTo4(previousCellPtr + offset, left), f32x4.mul(i, g));
    storeUpTo4(iPtr, i, left); storeUpTo4(fPtr, f, left); storeUpTo4(gPtr, g, left); storeUpTo4(oPtr, o, left);
    storeUpTo4(cellPtr + offset, c, left);
    storeUpTo4(hiddenPtr + offset, f32x4.mul(o, tanh(c)), left);
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
    cellRow(hiddenOutPtr, cellOutPtr, gatesPtr, previousCellPtr, hidden);
    hiddenOutPtr += bytes; cellOutPtr += bytes; previousCellPtr += bytes; gatesPtr += bytes << 2;
  }
}

/**
 * A whole sequence for a batch, forwards or (`reverse` not 0) backwards in time.
 *
 * gates [batch, time, 4 * hidden]: in, the projections of the inputs with all biases; out, the activations.
 * packed: the recurrent weight as f32_pack_transposed packs weight_hh [4 * hidden, hidden].
 * hidden and cell state [batch, hidden]: in, initial; out, final (at each row's own last step).
 * output [batch, time, outputStride]: hidden columns of each row are written; zeros from a row's length on.
 * lengths i32 [batch], or 0 for full rows; the reverse direction starts at each row's own end.
 * savedHidden, savedCell [batch, time, hidden]: the state before each step, for the backward pass; 0 when not wanted.
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
        cellRow(h, c, gatesPtr + b * gateRowBytes + t * gateBytes, c, hidden);
        memory.copy(output, h, stateBytes);
      }
    }
  }
}
