/**
 * The LSTM recurrence with 8-bit weights. The state is quantised anew at each step, in up to 16 bits: what it loses
 * is carried on to all later steps, and next to fetching the weights the finer grade costs little.
 */
import { cellRow } from './lstm';
import { matmulI16 } from './matmulInt8';

/**
 * A whole sequence for a batch, as f32_lstm_sequence, for inference.
 *
 * gates [batch, time, 4 * hidden]: in, the projections of the inputs with all biases; out, the activations.
 * packed, scale: the recurrent weight weight_hh [4 * hidden, hidden] as qi8_pack packs it, and its rows' scales.
 * hidden and cell state [batch, hidden]: in, initial; out, final (at each row's own last step).
 * output [batch, time, outputStride]: hidden columns of each row are written; zeros from a row's length on.
 * lengths i32 [batch], or 0 for full rows; the reverse direction starts at each row's own end.
 * scratch: min(batch, 32) * (8 + 2 K') bytes, K' being `hidden` rounded up to a multiple of 4.
 *
 * The products of one step are the same integers in `simd` and `relaxed`; the gates are as close as their sigmoid and
 * tanh. Error of a step's projection against the dequantised weight: max|h| / 65534 * sum|W scale| for hidden <= 508.
 *
 * Measured (Node 24, AMD EPYC Zen 4, one thread): a layer T100 B1 I128 H256, its inputs' projection included, `relaxed`
 * 1.19 ms (in f32 1.88), 66 GOP/s, 0.58 of the roofline of integer products; `simd` 1.40 ms, 56 GOP/s, 0.49.
 * The recurrence's products take six vector operations for 16, as those of qi8_matmul_i16.
 */
export function qi8_lstm_sequence(
  outputPtr: usize, hiddenStatePtr: usize, cellStatePtr: usize, gatesPtr: usize, scratchPtr: usize,
  packedPtr: usize, scalePtr: usize, lengthsPtr: usize,
  batch: i32, time: i32, hidden: i32, outputStride: i32, reverse: i32,
): void {
  const stateBytes = (<usize>hidden) << 2;
  const gateBytes = stateBytes << 2;
  const gateRowBytes = gateBytes * <usize>time;
  const outputBytes = (<usize>outputStride) << 2;
  const outputRowBytes = outputBytes * <usize>time;
  for (let step = 0; step < time; ++step) {
    const t = <usize>(reverse ? time - 1 - step : step);
    matmulI16(
      gatesPtr + t * gateBytes, scratchPtr, hiddenStatePtr, packedPtr, scalePtr, 0, batch, 4 * hidden, hidden,
      stateBytes, gateRowBytes, true,
    );
    for (let b: usize = 0; b < <usize>batch; ++b) {
      const output = outputPtr + b * outputRowBytes + t * outputBytes;
      if (lengthsPtr && <i32>t >= load<i32>(lengthsPtr + (b << 2))) {
        memory.fill(output, 0, stateBytes);
      } else {
        const h = hiddenStatePtr + b * stateBytes, c = cellStatePtr + b * stateBytes;
        cellRow(output, h, c, gatesPtr + b * gateRowBytes + t * gateBytes, c, hidden);
      }
    }
  }
}
