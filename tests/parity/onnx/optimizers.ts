import type { Tensor } from '../../../src/tensor/tensor.ts';
import { Adam } from '../../../src/train/optimizer.ts';
import { SGD } from '../../../src/train/sgd.ts';
import type { Fixture } from '../fixture.ts';
import type { Runners } from '../runner.ts';

/** Inputs `<letter>`, or `<letter>1`, `<letter>2`, ... where there are several. */
export function numbered(fixture: Fixture, letter: string): string[] {
  return fixture
    .names('in.')
    .filter((name) => new RegExp(`^${letter}\\d*$`).test(name))
    .map((name) => name.slice(letter.length));
}

function gradientsOf(fixture: Fixture, suffixes: readonly string[]): Map<string, Tensor> {
  return new Map(suffixes.map((suffix) => [suffix, fixture.tensor(`in.G${suffix}`)]));
}

export const optimizerRunners: Runners = {
  /**
   * ONNX adds epsilon to the root of the uncorrected moment, and corrects none at T = 0: the same step with another rate
   * and epsilon.
   */
  Adam: (fixture) => {
    const { options } = fixture;
    options.only('norm_coefficient_post', 0);
    const betas = [options.number('alpha', 0.9), options.number('beta', 0.999)] as const;
    const [rate] = fixture.floats('in.R');
    const [step] = fixture.integers('in.T');
    const count = Math.max(1, step!);
    const [first, second] = betas.map((beta) => 1 - beta ** count) as [number, number];
    const isCorrected = step! > 0;
    const suffixes = numbered(fixture, 'X');
    const parameters = new Map(suffixes.map((suffix) => [suffix, fixture.tensor(`in.X${suffix}`)]));
    const optimizer = fixture.own(
      new Adam(parameters, {
        learningRate: isCorrected ? rate! : (rate! * first) / Math.sqrt(second),
        betas,
        epsilon: options.number('epsilon', 1e-6) / Math.sqrt(second),
        weightDecay: options.number('norm_coefficient', 0),
        decoupled: false,
      }),
    );
    const moments = suffixes.flatMap((suffix) => [
      [`first.${suffix}`, fixture.floats(`in.V${suffix}`)] as const,
      [`second.${suffix}`, fixture.floats(`in.H${suffix}`)] as const,
    ]);
    optimizer.restore(new Map(moments), count - 1);
    optimizer.step(gradientsOf(fixture, suffixes));
    const state = optimizer.state();
    const comparisons = suffixes.flatMap((suffix) => [
      { name: `out.X${suffix}_new`, actual: parameters.get(suffix)!.toArray() },
      { name: `out.V${suffix}_new`, actual: state.get(`first.${suffix}`)!.toArray() },
      { name: `out.H${suffix}_new`, actual: state.get(`second.${suffix}`)!.toArray() },
    ]);
    return { comparisons, note: 'with the rate and epsilon that make it the same step' };
  },
};

/** V' = alpha V + beta G, with beta 1 in the first update: PyTorch's momentum with a dampening of 1 - beta. */
export const momentumRunners: Runners = {
  Momentum: (fixture) => {
    const { options } = fixture;
    const mode = options.choice('mode', ['standard', 'nesterov']);
    const beta = options.number('beta', 1);
    if (mode === 'nesterov' && beta !== 1) options.refuse('beta');
    const [rate] = fixture.floats('in.R');
    const [step] = fixture.integers('in.T');
    const suffixes = numbered(fixture, 'X');
    const parameters = new Map(suffixes.map((suffix) => [suffix, fixture.tensor(`in.X${suffix}`)]));
    const optimizer = fixture.own(
      new SGD(parameters, {
        learningRate: rate!,
        momentum: options.number('alpha'),
        dampening: 1 - beta,
        nesterov: mode === 'nesterov',
        weightDecay: options.number('norm_coefficient', 0),
      }),
    );
    const kept = suffixes.map((suffix) => [`momentum.${suffix}`, fixture.floats(`in.V${suffix}`)] as const);
    optimizer.restore(new Map(kept), step!);
    optimizer.step(gradientsOf(fixture, suffixes));
    const state = optimizer.state();
    const comparisons = suffixes.flatMap((suffix) => [
      { name: `out.X${suffix}_new`, actual: parameters.get(suffix)!.toArray() },
      { name: `out.V${suffix}_new`, actual: state.get(`momentum.${suffix}`)!.toArray() },
    ]);
    return { comparisons };
  },
};
