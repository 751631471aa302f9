/**
 * Activations applied to a block of a product that is still in the first-level cache. Codes: 0 none, 1 relu, 2 gelu,
 * 3 silu, 4 tanh, 5 sigmoid; src/ops/activation.ts names them.
 */
import { sigmoid } from '../math/sigmoid';
import { tanh } from '../math/tanh';
import { loadUpTo4, storeUpTo4 } from '../simd/vec';

// @ts-ignore: decorator
@inline
function activated(x: v128, activation: i32): v128 {
  switch (activation) {
    case 1: return f32x4.pmax(x, f32x4.splat(0));
    case 4: return tanh(x);
    case 5: return sigmoid(x);
    default: return x;
  }
}

/** x = activation(x) over [rows, columns], rows `rowStride` bytes apart. */
export function activate(xPtr: usize, rows: i32, columns: i32, rowStride: usize, activation: i32): void {
  for (let r = 0; r < rows; ++r, xPtr += rowStride) {
    for (let j = 0; j < columns; j += 4) {
      const x = xPtr + ((<usize>j) << 2);
      storeUpTo4(x, activated(loadUpTo4(x, columns - j), activation), columns - j);
    }
  }
}
