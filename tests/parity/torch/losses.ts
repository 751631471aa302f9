import { crossEntropy, crossEntropyRows } from '../../../src/ops/crossEntropy.ts';
import { add, multiply, scale, sum } from '../../../src/ops/elementwise.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import { evaluate } from '../evaluate.ts';
import { NotRun } from '../options.ts';
import type { Runners } from '../runner.ts';

/** The mean of (x - t)^2, out of ops. */
export function meanSquaredError(x: Tensor, target: Tensor): Tensor {
  const difference = add(x, scale(target, -1));
  return scale(sum(multiply(difference, difference)), 1 / x.size);
}

export const lossRunners: Runners = {
  'nn.CrossEntropyLoss': (fixture) => {
    const { options } = fixture;
    const logits = fixture.tensor('in.logits');
    if (logits.shape.length !== 2) throw new NotRun('heed has cross-entropy of rows of logits only');
    if (fixture.has('in.weight')) throw new NotRun("heed's cross-entropy has no weights of classes");
    if (/^F/.test(fixture.stored('in.target').dtype)) {
      throw new NotRun("heed's cross-entropy has no probabilities as targets");
    }
    const targets = fixture.tensor('in.target');
    const reduction = options.choice('reduction', ['mean', 'sum', 'none']);
    const settings = {
      ignored: options.number('ignore_index', -100),
      labelSmoothing: options.number('label_smoothing', 0),
    };
    const divisor = reduction === 'sum' ? 1 : undefined;
    const loss = (): Tensor =>
      reduction === 'none'
        ? crossEntropyRows(logits, targets, settings)
        : crossEntropy(logits, targets, { ...settings, divisor });
    const comparisons = evaluate(fixture, new Map([['in.logits', logits]]), () => ({ loss: loss() }));
    return { comparisons, arithmetic: { approximations: 2 } };
  },

  'nn.MSELoss': (fixture) => {
    fixture.options.only('reduction', 'mean');
    const [x, t] = [fixture.tensor('in.x'), fixture.tensor('in.t')];
    const parameters = new Map([
      ['in.x', x],
      ['in.t', t],
    ]);
    return {
      comparisons: evaluate(fixture, parameters, () => ({ loss: meanSquaredError(x, t) })),
      arithmetic: { approximations: 0 },
      note: 'composed of ops: heed has no such loss of its own',
    };
  },
};
