/** Backward of kernels/rnn.ts. */
import { matmulPacked } from '../kernels/matmul';
import { loadUpTo4, storeUpTo4 } from '../simd/vec';

/**
 * Backward of f32_rnn_sequence: da = dh (1 - h^2), the former dh being W_hh^T da. gates [batch, time, hidden]: in, the
 * states it left; out, the gradients of the projections (zeros from a row's length on). gradHiddenState [batch, hidden]:
 * in, gradient of the final state; out, of the initial one. gradOutput [batch, time, outputStride]. packed: weight_hh
 * [hidden, hidden] as f32_pack packs it. The weight's own gradient is gates^T · savedHidden, left to the caller as one
 * product over all steps.
 */
export function f32_rnn_sequence_backward(
  gatesPtr: usize, gradHiddenStatePtr: usize, gradOutputPtr: usize, packedPtr: usize, lengthsPtr: usize,
  batch: i32, time: i32, hidden: i32, outputStride: i32, reverse: i32,
): void {
  const bytes = (<usize>hidden) << 2;
  const rowBytes = bytes * <usize>time;
  const outputBytes = (<usize>outputStride) << 2;
  const one = f32x4.splat(1);
  for (let step = time - 1; step >= 0; --step) {
    const t = <usize>(reverse ? time - 1 - step : step);
    for (let b: usize = 0; b < <usize>batch; ++b) {
      const row = b * <usize>time + t;
      const gates = gatesPtr + row * bytes;
      if (lengthsPtr && <i32>t >= load<i32>(lengthsPtr + (b << 2))) {
        memory.fill(gates, 0, bytes);
        continue;
      }
      const gradHidden = gradHiddenStatePtr + b * bytes, gradOutput = gradOutputPtr + row * outputBytes;
      for (let j = 0; j < hidden; j += 4) {
        const left = hidden - j;
        const offset = (<usize>j) << 2;
        const h = loadUpTo4(gates + offset, left);
        const sum = f32x4.add(loadUpTo4(gradHidden + offset, left), loadUpTo4(gradOutput + offset, left));
        storeUpTo4(gates + offset, f32x4.mul(sum, f32x4.sub(one, f32x4.mul(h, h))), left);
      }
      memory.fill(gradHidden, 0, bytes);
    }
    // Rows past their length add zeros here, so their state's gradient passes through unchanged.
    matmulPacked(
      gradHiddenStatePtr, gatesPtr + t * bytes, packedPtr, 0, batch, hidden, hidden, rowBytes << 2, rowBytes, 4, bytes, true,
    );
  }
}
