import { tanh } from '../../../src/ops/elementwise.ts';
import { linear } from '../../../src/ops/linear.ts';
import { PackedWeight } from '../../../src/ops/packedWeight.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import { Adam, clipGlobalNorm } from '../../../src/train/optimizer.ts';
import { SGD } from '../../../src/train/sgd.ts';
import type { Comparison } from '../compare.ts';
import type { Fixture } from '../fixture.ts';
import type { Outcome, Runners } from '../runner.ts';
import { meanSquaredError } from './losses.ts';

interface Optimizer {
  step(gradients: ReadonlyMap<string, Tensor>): void;
  dispose(): void;
}

/** The loss of Linear-Tanh-Linear, as it is before a step. */
function lossOf(
  fixture: Fixture,
  parameters: ReadonlyMap<string, Tensor>,
  x: Tensor,
  target: Tensor,
): number {
  const layer = (at: number, input: Tensor): Tensor => {
    const weight = new PackedWeight(parameters.get(`${at}.weight`)!);
    const output = linear(input, weight, parameters.get(`${at}.bias`));
    weight.dispose();
    return output;
  };
  return fixture.runtime.scope(() => meanSquaredError(layer(2, tanh(layer(0, x))), target).item());
}

/** Steps by the gradients of the file, so that the optimizer is tested alone, and the loss before each. */
function steps(fixture: Fixture, create: (parameters: ReadonlyMap<string, Tensor>) => Optimizer): Outcome {
  const names = fixture.names('w.');
  const parameters = new Map(names.map((name) => [name, fixture.tensor(`w.${name}`)]));
  const [x, target] = [fixture.tensor('in.x'), fixture.tensor('in.t')];
  const optimizer = fixture.own(create(parameters));
  const comparisons: Comparison[] = [];
  const count = fixture.names('out.loss.step').length;
  for (let step = 1; step <= count; step++) {
    const loss = lossOf(fixture, parameters, x, target);
    comparisons.push({ name: `out.loss.step${step}`, actual: [loss], against: 'single' });
    optimizer.step(new Map(names.map((name) => [name, fixture.tensor(`in.grad.step${step}.${name}`)])));
    for (const [name, tensor] of parameters) {
      comparisons.push({ name: `out.step${step}.${name}`, actual: tensor.toArray(), against: 'single' });
    }
  }
  return { comparisons, arithmetic: { steps: count } };
}

function adam(fixture: Fixture, decoupled: boolean, weightDecay: number): Outcome {
  const { options } = fixture;
  options.only('amsgrad', false);
  options.only('maximize', false);
  const settings = {
    learningRate: options.number('lr', 1e-3),
    betas: options.get('betas') as [number, number] | undefined,
    epsilon: options.number('eps', 1e-8),
    weightDecay: options.number('weight_decay', weightDecay),
    decoupled,
  };
  return steps(fixture, (parameters) => new Adam(parameters, settings));
}

export const optimizerRunners: Runners = {
  'torch.optim.SGD': (fixture) => {
    const { options } = fixture;
    options.only('maximize', false);
    const settings = {
      learningRate: options.number('lr', 1e-3),
      momentum: options.number('momentum', 0),
      dampening: options.number('dampening', 0),
      nesterov: options.flag('nesterov', false),
      weightDecay: options.number('weight_decay', 0),
    };
    return steps(fixture, (parameters) => new SGD(parameters, settings));
  },
  'torch.optim.Adam': (fixture) => adam(fixture, false, 0),
  'torch.optim.AdamW': (fixture) => adam(fixture, true, 1e-2),

  clip_grad_norm_: (fixture) => {
    fixture.options.only('norm_type', 2);
    const names = fixture.names('in.');
    const gradients = new Map(names.map((name) => [name, fixture.tensor(`in.${name}`)]));
    const norm = clipGlobalNorm(gradients, fixture.options.number('max_norm'));
    const comparisons = [...gradients].map(([name, gradient]) => ({
      name: `out.${name}`,
      actual: gradient.toArray(),
    }));
    return { comparisons: [...comparisons, { name: 'out.total_norm', actual: [norm] }] };
  },
};
