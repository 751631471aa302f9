import { record } from '../autograd/tape.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expectFloats } from './operands.ts';

/**
 * weights_j exp(-(j - position)^2 / (2 sigma^2)), sigma = halfWidth / 2, not normalised: local attention with predicted
 * positions (Luong 2015, eq. 10).
 * @param weights [..., keys]
 * @param positions [...]: for each row of weights, where in it the Gaussian is centred, in keys
 * @returns weights' shape
 * @throws ShapeError, DTypeError; ArgumentError unless halfWidth is positive and finite
 */
export function gaussianWindow(weights: Tensor, positions: Tensor, halfWidth: number): Tensor {
  expectFloats('gaussianWindow', { weights, positions });
  const keys = weights.shape.at(-1);
  if (keys === undefined) throw new ShapeError('gaussianWindow: weights must have an axis, got a scalar');
  expectShape('gaussianWindow', 'positions', positions.shape, weights.shape.slice(0, -1));
  expectHalfWidth('gaussianWindow', halfWidth);
  const rows = positions.size;
  const out = Tensor.empty(weights.runtime, weights.shape);
  const { kernels } = weights.runtime;
  kernels.f32_gaussian_window(out.pointer, weights.pointer, positions.pointer, rows, keys, halfWidth);
  record([out], [weights, positions], (tape) => {
    const [toWeights, toPositions] = [weights, positions].map((operand) =>
      tape.needs(operand) ? tape.gradient(operand).pointer : 0,
    ) as [number, number];
    tape.kernels.f32_gaussian_window_backward(
      toWeights,
      toPositions,
      tape.gradient(out).pointer,
      weights.pointer,
      positions.pointer,
      rows,
      keys,
      halfWidth,
    );
  });
  return out;
}

/** @throws ArgumentError `<where>: halfWidth must be positive and finite, got 0` */
export function expectHalfWidth(where: string, halfWidth: number): void {
  if (!(halfWidth > 0 && halfWidth < Infinity)) {
    throw new ArgumentError(`${where}: halfWidth must be positive and finite, got ${String(halfWidth)}`);
  }
}
