import { constant } from '../simd/vec';
import { expNonPositive } from './exp';

/** Here exp(-x) is infinity, at an argument that `expNonPositive` still takes. */
const SATURATION: f32 = -88.6;

const TABLE: usize = memory.data<f32>([SATURATION, 1]);

/**
 * x sigmoid(x) = x / (1 + exp(-x)), four lanes: SiLU, or swish (Elfwing et al. 2017; Llama's). Domain: all floats; -inf
 * gives 0, NaN gives NaN. Measured on [-87, 87]: maximum relative error 1.8e-7 (tests/kernels/activation.spec.ts).
 */
// @ts-ignore: decorator
@inline
export function silu(x: v128): v128 {
  x = f32x4.pmax(x, constant(TABLE, 0));
  return f32x4.div(x, f32x4.add(constant(TABLE, 1), expNonPositive(f32x4.neg(x))));
}
