import { gelu, geluTanh, relu, silu } from '../../../src/ops/activation.ts';
import { sigmoid, tanh } from '../../../src/ops/elementwise.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import { evaluate } from '../evaluate.ts';
import type { Fixture } from '../fixture.ts';
import type { Runner, Runners } from '../runner.ts';

/** y = f(x), f by the case's options. */
function elementwise(choose: (fixture: Fixture) => (x: Tensor) => Tensor): Runner {
  return (fixture) => {
    const activation = choose(fixture);
    const x = fixture.tensor('in.x');
    const comparisons = evaluate(fixture, new Map([['in.x', x]]), () => ({ y: activation(x) }));
    return { comparisons, arithmetic: { approximations: 2 } };
  };
}

export const activationRunners: Runners = {
  'nn.GELU': elementwise(({ options }) =>
    options.choice('approximate', ['none', 'tanh']) === 'tanh' ? geluTanh : gelu,
  ),
  'HF gelu_new': elementwise(() => geluTanh),
  'nn.SiLU': elementwise(() => silu),
  'nn.ReLU': elementwise(() => relu),
  'nn.Tanh': elementwise(() => tanh),
  'nn.Sigmoid': elementwise(() => sigmoid),
};
