/** Backward of kernels/gru.ts. */
import { matmulPacked } from '../kernels/matmul';
import { loadUpTo4, storeUpTo4 } from '../simd/vec';

/**
 * One row; dh comes with the gradient of the output added, and leaves as its share through z alone:
 *   da_n = dh (1 - z) (1 - n^2)   da_z = dh (h - n) z (1 - z)   da_r = da_n p_n r (1 - r)   dp_n = da_n r   dh z
 */
function gruRowBackward(
  gatesPtr: usize, gradProductsPtr: usize, gradHiddenPtr: usize, savedHiddenPtr: usize, savedProductPtr: usize, hidden: i32,
): void {
  const gateBytes = (<usize>hidden) << 2;
  const one = f32x4.splat(1);
  for (let j = 0; j < hidden; j += 4) {
    const left = hidden - j;
    const offset = (<usize>j) << 2;
    const gates = gatesPtr + offset, gradProducts = gradProductsPtr + offset;
    const r = loadUpTo4(gates, left), z = loadUpTo4(gates + gateBytes, left), n = loadUpTo4(gates + 2 * gateBytes, left);
    const gradHidden = loadUpTo4(gradHiddenPtr + offset, left);
    const gradN = f32x4.mul(f32x4.mul(gradHidden, f32x4.sub(one, z)), f32x4.sub(one, f32x4.mul(n, n)));
    const gradZ = f32x4.mul(
      f32x4.mul(gradHidden, f32x4.sub(loadUpTo4(savedHiddenPtr + offset, left), n)),
      f32x4.mul(z, f32x4.sub(one, z)),
    );
    const gradR = f32x4.mul(
      f32x4.mul(gradN, loadUpTo4(savedProductPtr + offset, left)),
      f32x4.mul(r, f32x4.sub(one, r)),
    );
    storeUpTo4(gates, gradR, left); storeUpTo4(gates + gateBytes, gradZ, left); storeUpTo4(gates + 2 * gateBytes, gradN, left);
    storeUpTo4(gradProducts, gradR, left); storeUpTo4(gradProducts + gateBytes, gradZ, left);
    storeUpTo4(gradProducts + 2 * gateBytes, f32x4.mul(gradN, r), left);
    storeUpTo4(gradHiddenPtr + offset, f32x4.mul(gradHidden, z), left);
  }
}

/**
 * Backward of f32_gru_cell. gates [batch, 3 * hidden]: in, the activations it left; out, the gradients of x.
 * gradProducts [batch, 3 * hidden]: those of p, written. gradHidden [batch, hidden]: in, of the new state; out, of the
 * previous one.
 */
export function f32_gru_cell_backward(
  gatesPtr: usize, gradProductsPtr: usize, gradHiddenPtr: usize, productsPtr: usize, previousHiddenPtr: usize,
  batch: i32, hidden: i32,
): void {
  const bytes = (<usize>hidden) << 2;
  for (let b = 0; b < batch; ++b) {
    gruRowBackward(gatesPtr, gradProductsPtr, gradHiddenPtr, previousHiddenPtr, productsPtr + 2 * bytes, hidden);
    gatesPtr += 3 * bytes; gradProductsPtr += 3 * bytes; productsPtr += 3 * bytes;
    gradHiddenPtr += bytes; previousHiddenPtr += bytes;
  }
}

/**
 * Backward of f32_gru_sequence. gates [batch, time, 3 * hidden]: in, the activations it left; out, the gradients of the
 * projections. gradProducts [batch, time, 3 * hidden]: those of W_hh h + b_hh, written (both zeros from a row's length
 * on). gradHiddenState [batch, hidden]: in, gradient of the final state; out, of the initial one. gradOutput
 * [batch, time, outputStride]. packed: weight_hh [3 * hidden, hidden] as f32_pack packs it. savedHidden, savedProduct as
 * the forward pass left them. The weight's own gradient is gradProducts^T · savedHidden and the bias's the sum of
 * gradProducts, both left to the caller.
 */
export function f32_gru_sequence_backward(
  gatesPtr: usize, gradProductsPtr: usize, gradHiddenStatePtr: usize, gradOutputPtr: usize,
  savedHiddenPtr: usize, savedProductPtr: usize, packedPtr: usize, lengthsPtr: usize,
  batch: i32, time: i32, hidden: i32, outputStride: i32, reverse: i32,
): void {
  const stateBytes = (<usize>hidden) << 2;
  const gateBytes = 3 * stateBytes;
  const gateRowBytes = gateBytes * <usize>time;
  const outputBytes = (<usize>outputStride) << 2;
  for (let step = time - 1; step >= 0; --step) {
    const t = <usize>(reverse ? time - 1 - step : step);
    for (let b: usize = 0; b < <usize>batch; ++b) {
      const row = b * <usize>time + t;
      const gates = gatesPtr + row * gateBytes, gradProducts = gradProductsPtr + row * gateBytes;
      if (lengthsPtr && <i32>t >= load<i32>(lengthsPtr + (b << 2))) {
        memory.fill(gates, 0, gateBytes);
        memory.fill(gradProducts, 0, gateBytes);
        continue;
      }
      const gradHidden = gradHiddenStatePtr + b * stateBytes, gradOutput = gradOutputPtr + row * outputBytes;
      for (let j = 0; j < hidden; j += 4) {
        const offset = (<usize>j) << 2;
        const sum = f32x4.add(loadUpTo4(gradHidden + offset, hidden - j), loadUpTo4(gradOutput + offset, hidden - j));
        storeUpTo4(gradHidden + offset, sum, hidden - j);
      }
      gruRowBackward(
        gates, gradProducts, gradHidden, savedHiddenPtr + row * stateBytes, savedProductPtr + row * stateBytes, hidden,
      );
    }
    // Rows past their length add zero products here, so their state's gradient passes through unchanged.
    matmulPacked(
      gradHiddenStatePtr, gradProductsPtr + t * gateBytes, packedPtr, 0, batch, hidden, 3 * hidden,
      gateRowBytes << 2, gateRowBytes, 4, stateBytes, true,
    );
  }
}
