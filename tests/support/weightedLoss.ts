import { add, multiply, sum } from '../../src/ops/elementwise.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

/** sum over the outputs of sum(output * cotangent), as a scalar tensor. */
export function weightedLoss(outputs: readonly Tensor[], cotangents: readonly ArrayLike<number>[]): Tensor {
  return outputs
    .map((output, i) => sum(multiply(output, Tensor.from(output.runtime, cotangents[i]!, output.shape))))
    .reduce(add);
}
