import { crossEntropy, crossEntropyRows } from '../../../src/ops/crossEntropy.ts';
import { multiply, scale, sum } from '../../../src/ops/elementwise.ts';
import { logSoftmax } from '../../../src/ops/softmax.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import type { Comparison } from '../compare.ts';
import type { Fixture } from '../fixture.ts';
import { inverse, lastOrder, permuted } from '../layout.ts';
import type { Runners } from '../runner.ts';

/** Logits [batch, classes, ...] as rows of classes, and how to undo it. */
function rowsOfClasses(fixture: Fixture): { logits: Tensor; back: (rows: Float32Array) => Float32Array } {
  const shape = fixture.shape('in.x');
  const order = lastOrder(shape.length, 1);
  const turned = order.map((axis) => shape[axis]!);
  const classes = shape[1]!;
  const values = permuted(fixture.floats('in.x'), shape, order);
  return {
    logits: Tensor.from(fixture.runtime, values, [values.length / classes, classes]),
    back: (rows) => permuted(rows, turned, inverse(order)),
  };
}

/** Losses of rows, weighted by the target's class and reduced; ignored ones count nothing. */
function weighted(
  fixture: Fixture,
  losses: Tensor,
  ignored: number | undefined,
  reduction: 'mean' | 'sum' | 'none',
): Tensor {
  const ofClasses = fixture.floats('in.w');
  const targets = fixture.integers('in.y');
  const weights = Array.from(targets, (target) => (target === ignored ? 0 : ofClasses[target]!));
  const products = multiply(losses, Tensor.from(fixture.runtime, weights));
  if (reduction === 'none') return products;
  const divisor = reduction === 'mean' ? weights.reduce((a, b) => a + b, 0) : 1;
  return scale(sum(products), 1 / divisor);
}

export const lossRunners: Runners = {
  SoftmaxCrossEntropyLoss: (fixture) => {
    const { options } = fixture;
    const { logits, back } = rowsOfClasses(fixture);
    const targets = fixture.tensor('in.y', [logits.shape[0]!]);
    const ignored = options.optionalNumber('ignore_index');
    const reduction = options.choice('reduction', ['mean', 'sum', 'none']);
    const divisor = reduction === 'sum' ? 1 : undefined;
    const rows = (): Tensor => crossEntropyRows(logits, targets, { ignored });
    const hasWeights = fixture.has('in.w');
    const plain = (): Tensor =>
      reduction === 'none' ? rows() : crossEntropy(logits, targets, { ignored, divisor });
    const loss = hasWeights ? weighted(fixture, rows(), ignored, reduction) : plain();
    const comparisons: Comparison[] = [{ name: 'out.z', actual: loss.toArray() }];
    if (fixture.has('out.log_prob')) {
      comparisons.push({ name: 'out.log_prob', actual: back(logSoftmax(logits).toFloat32Array()) });
    }
    return {
      comparisons,
      arithmetic: { approximations: 2 },
      ...(hasWeights && { note: 'the caller weighs the rows by their classes' }),
    };
  },
};
