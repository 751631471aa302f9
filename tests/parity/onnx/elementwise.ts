import { gelu, geluTanh, relu } from '../../../src/ops/activation.ts';
import { sigmoid, tanh } from '../../../src/ops/elementwise.ts';
import { logSoftmax, softmax } from '../../../src/ops/softmax.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import type { Fixture } from '../fixture.ts';
import { inverse, lastOrder, permuted } from '../layout.ts';
import type { Outcome, Runner, Runners } from '../runner.ts';

type Op = (x: Tensor) => Tensor;

function elementwise(choose: (fixture: Fixture) => Op): Runner {
  return (fixture) => {
    const op = choose(fixture);
    return {
      comparisons: [{ name: 'out.y', actual: op(fixture.tensor('in.x')).toArray() }],
      arithmetic: { approximations: 2 },
    };
  };
}

/** Over the axis that the attribute names: the last by default. */
function alongAxis(op: Op): Runner {
  return (fixture): Outcome => {
    const shape = fixture.shape('in.x');
    const given = fixture.options.number('axis', -1);
    const axis = given < 0 ? given + shape.length : given;
    const order = lastOrder(shape.length, axis);
    const turned = order.map((each) => shape[each]!);
    const x = Tensor.from(fixture.runtime, permuted(fixture.floats('in.x'), shape, order), turned);
    const y = permuted(op(x).toFloat32Array(), turned, inverse(order));
    const isLast = axis === shape.length - 1;
    return {
      comparisons: [{ name: 'out.y', actual: y }],
      arithmetic: { approximations: 2 },
      ...(!isLast && { note: "transposed by the caller: heed's softmax runs over the last axis" }),
    };
  };
}

export const elementwiseRunners: Runners = {
  Gelu: elementwise(({ options }) =>
    options.choice('approximate', ['none', 'tanh']) === 'tanh' ? geluTanh : gelu,
  ),
  Relu: elementwise(() => relu),
  Sigmoid: elementwise(() => sigmoid),
  Tanh: elementwise(() => tanh),
  Softmax: alongAxis(softmax),
  LogSoftmax: alongAxis(logSoftmax),
};
