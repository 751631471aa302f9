/** Backward of kernels/lstm.ts. */
import { matmulPacked } from '../kernels/matmul';
import { tanh } from '../math/tanh';
import { loadUpTo4, madd, storeUpTo4 } from '../simd/vec';

/**
 * One row. With tc = tanh(c'), dc = dC + dh o (1 - tc^2):
 *   da_i = dc g i (1 - i)   da_f = dc c f (1 - f)   da_g = dc i (1 - g^2)   da_o = dh tc o (1 - o)   dc_prev = dc f
 */
function cellRowBackward(
  gradGatesPtr: usize, gradPreviousCellPtr: usize, gradHiddenPtr: usize, gradCellPtr: usize,
  gatesPtr: usize, previousCellPtr: usize, hidden: i32,
): void {
  const gateBytes = (<usize>hidden) << 2;
  const one = f32x4.splat(1);
  for (let j = 0; j < hidden; j += 4) {
    const left = hidden - j;
    const offset = (<usize>j) << 2;
    const gates = gatesPtr + offset, gradGates = gradGatesPtr + offset;
    const i = loadUpTo4(gates, left), f = loadUpTo4(gates + gateBytes, left);
    const g = loadUpTo4(gates + 2 * gateBytes, left), o = loadUpTo4(gates + 3 * gateBytes, left);
    const previousCell = loadUpTo4(previousCellPtr + offset, left);
    const tanhCell = tanh(madd(f, previousCell, f32x4.mul(i, g)));
    const gradHidden = loadUpTo4(gradHiddenPtr + offset, left);
    const gradCell = f32x4.add(
      loadUpTo4(gradCellPtr + offset, left),
      f32x4.mul(f32x4.mul(gradHidden, o), f32x4.sub(one, f32x4.mul(tanhCell, tanhCell))),
    );
    const gradI = f32x4.mul(f32x4.mul(gradCell, g), f32x4.mul(i, f32x4.sub(one, i)));
    const gradF = f32x4.mul(f32x4.mul(gradCell, previousCell), f32x4.mul(f, f32x4.sub(one, f)));
    const gradG = f32x4.mul(f32x4.mul(gradCell, i), f32x4.sub(one, f32x4.mul(g, g)));
    const gradO = f32x4.mul(f32x4.mul(gradHidden, tanhCell), f32x4.mul(o, f32x4.sub(one, o)));
    storeUpTo4(gradGates, gradI, left); storeUpTo4(gradGates + gateBytes, gradF, left);
    storeUpTo4(gradGates + 2 * gateBytes, gradG, left); storeUpTo4(gradGates + 3 * gateBytes, gradO, left);
    storeUpTo4(gradPreviousCellPtr + offset, f32x4.mul(gradCell, f), left);
  }
}

/**
 * Backward of f32_lstm_cell. gates: the activations it left; gradGates [batch, 4 * hidden] (may equal gates) and
 * gradPreviousCell [batch, hidden] (may equal gradCell) are written, not accumulated.
 */
export function f32_lstm_cell_backward(
  gradGatesPtr: usize, gradPreviousCellPtr: usize, gradHiddenPtr: usize, gradCellPtr: usize,
  gatesPtr: usize, previousCellPtr: usize, batch: i32, hidden: i32,
): void {
  const bytes = (<usize>hidden) << 2;
  for (let b = 0; b < batch; ++b) {
    cellRowBackward(gradGatesPtr, gradPreviousCellPtr, gradHiddenPtr, gradCellPtr, gatesPtr, previousCellPtr, hidden);
    gradGatesPtr += bytes << 2; gatesPtr += bytes << 2;
    gradPreviousCellPtr += bytes; gradHiddenPtr += bytes; gradCellPtr += bytes; previousCellPtr += bytes;
  }
}

/**
 * Backward of f32_lstm_sequence. gates [batch, time, 4 * hidden]: in, the activations it left; out, the gradients of
 * the projections (zeros from a row's length on). gradHiddenState, gradCellState [batch, hidden]: in, gradients of the
 * final state; out, of the initial state. gradOutput [batch, time, outputStride]. packed: weight_hh
 * [4 * hidden, hidden] as f32_pack packs it. savedCell as the forward pass left it. The weight's own gradient is
 * gates^T · savedHidden, left to the caller as one product over all steps.
 */
export function f32_lstm_sequence_backward(
  gatesPtr: usize, gradHiddenStatePtr: usize, gradCellStatePtr: usize, gradOutputPtr: usize,
  savedCellPtr: usize, packedPtr: usize, lengthsPtr: usize,
  batch: i32, time: i32, hidden: i32, outputStride: i32, reverse: i32,
): void {
  const stateBytes = (<usize>hidden) << 2;
  const gateBytes = stateBytes << 2;
  const gateRowBytes = gateBytes * <usize>time;
  const outputBytes = (<usize>outputStride) << 2;
  for (let step = time - 1; step >= 0; --step) {
    const t = <usize>(reverse ? time - 1 - step : step);
    for (let b: usize = 0; b < <usize>batch; ++b) {
      const gates = gatesPtr + b * gateRowBytes + t * gateBytes;
      if (lengthsPtr && <i32>t >= load<i32>(lengthsPtr + (b << 2))) {
        memory.fill(gates, 0, gateBytes);
        continue;
      }
      const gradHidden = gradHiddenStatePtr + b * stateBytes, gradCell = gradCellStatePtr + b * stateBytes;
      const gradOutput = gradOutputPtr + (b * <usize>time + t) * outputBytes;
      for (let j = 0; j < hidden; j += 4) {
        const offset = (<usize>j) << 2;
        const sum = f32x4.add(loadUpTo4(gradHidden + offset, hidden - j), loadUpTo4(gradOutput + offset, hidden - j));
        storeUpTo4(gradHidden + offset, sum, hidden - j);
      }
      const savedCell = savedCellPtr + (b * <usize>time + t) * stateBytes;
      cellRowBackward(gates, gradCell, gradHidden, gradCell, gates, savedCell, hidden);
      memory.fill(gradHidden, 0, stateBytes);
    }
    // Rows past their length add zero gates here, so their state's gradient passes through unchanged.
    matmulPacked(
      gradHiddenStatePtr, gatesPtr + t * gateBytes, packedPtr, 0, batch, hidden, 4 * hidden,
      gateRowBytes << 2, gateRowBytes, 4, stateBytes, true,
    );
  }
}
