import { record } from '../autograd/tape.ts';
import { ShapeError } from '../errors.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expectFloats } from './operands.ts';

/**
 * -sum_j w_j ln w_j over the last axis, in nats; 0 ln 0 = 0, and a weight of 0 gets no gradient.
 * @param weights [..., keys], not negative
 * @returns [...]
 * @throws ShapeError, DTypeError
 */
export function entropy(weights: Tensor): Tensor {
  const keys = weights.shape.at(-1);
  if (keys === undefined) throw new ShapeError('entropy: weights must have an axis, got a scalar');
  expectFloats('entropy', { weights });
  const out = Tensor.empty(weights.runtime, weights.shape.slice(0, -1));
  weights.runtime.kernels.f32_entropy(out.pointer, weights.pointer, out.size, keys);
  record([out], [weights], (tape) => {
    const [gradWeights, gradOut] = [tape.gradient(weights).pointer, tape.gradient(out).pointer];
    tape.kernels.f32_entropy_backward(gradWeights, gradOut, weights.pointer, out.size, keys);
  });
  return out;
}
