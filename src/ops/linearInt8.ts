import { refuseGradient } from '../autograd/tape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Int8Weight } from './int8Weight.ts';
import { expectFloats } from './operands.ts';
import { expectWeightOf } from './weight.ts';

/**
 * y = x · W^T (+ bias), or base + x · W^T, with an 8-bit weight; shapes were checked by the caller.
 * @throws DTypeError, ArgumentError; UnsupportedError while gradients are recorded through an operand
 */
export function linearInt8(
  where: string,
  x: Tensor,
  weight: Int8Weight,
  rows: number,
  { base, bias }: { base?: Tensor; bias?: Tensor },
): Tensor {
  const { runtime } = x;
  expectFloats(where, { x, base, bias });
  expectWeightOf(where, runtime, weight);
  refuseGradient(where, [x, base, bias]);
  // Asked for first: a disposed weight throws before anything is allocated.
  void weight.packed;
  const y = Tensor.empty(runtime, [...x.shape.slice(0, -1), weight.outputs]);
  const scratch = runtime.allocate(weight.scratchBytes(rows));
  if (base) runtime.kernels.f32_scale(y.pointer, base.pointer, y.size, 1);
  const accumulate = base !== undefined;
  weight.multiply(y.pointer, scratch.pointer, x.pointer, bias?.pointer ?? 0, rows, accumulate);
  scratch.dispose();
  return y;
}
