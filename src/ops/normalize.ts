import { record } from '../autograd/tape.ts';
import { ShapeError } from '../errors.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expectFloats } from './operands.ts';

/**
 * x / |x| over the last axis, Euclidean. A vector of zeros (or one whose squares vanish: |x| < 1e-22) stays zeros, and gets
 * no gradient.
 * @param x [..., columns] f32
 * @returns x's shape
 * @throws ShapeError, DTypeError
 */
export function l2Normalize(x: Tensor): Tensor {
  const columns = x.shape.at(-1);
  if (columns === undefined) throw new ShapeError('l2Normalize: x must have an axis, got a scalar');
  expectFloats('l2Normalize', { x });
  const rows = columns === 0 ? 0 : x.size / columns;
  const y = Tensor.empty(x.runtime, x.shape);
  x.runtime.kernels.f32_l2_normalize(y.pointer, x.pointer, rows, columns);
  record([y], [x], (tape) => {
    const [gradX, gradY] = [tape.gradient(x).pointer, tape.gradient(y).pointer];
    tape.kernels.f32_l2_normalize_backward(gradX, gradY, x.pointer, rows, columns);
  });
  return y;
}
