import { layerNorm, rmsNorm } from '../../../src/ops/norm.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Fixture } from '../fixture.ts';
import type { Runners } from '../runner.ts';
import { layerNormCondition } from '../tolerance.ts';

/** X with the axes from `axis` on as one, and how many elements that has. */
function flattened(fixture: Fixture): { x: Tensor; size: number } {
  fixture.options.only('stash_type', 1);
  const shape = fixture.shape('in.X');
  const given = fixture.options.number('axis', -1);
  const axis = given < 0 ? given + shape.length : given;
  const size = shape.slice(axis).reduce((a, b) => a * b, 1);
  const rows = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  return { x: fixture.tensor('in.X', [rows, size]), size };
}

/** A gain or bias of the normalised axes. */
function vector(fixture: Fixture, name: string, size: number): Tensor | undefined {
  return fixture.has(name) ? fixture.tensor(name, [size]) : undefined;
}

export const normRunners: Runners = {
  LayerNormalization: (fixture) => {
    const { x, size } = flattened(fixture);
    const epsilon = fixture.options.number('epsilon', 1e-5);
    const [weight, bias] = ['in.W', 'in.B'].map((name) => vector(fixture, name, size));
    return {
      comparisons: [{ name: 'out.Y', actual: layerNorm(x, { weight, bias, epsilon }).toArray() }],
      arithmetic: { condition: layerNormCondition(fixture.floats('in.X'), size, epsilon) },
      unchecked: [
        { outputs: /^(Mean|InvStdDev)$/, reason: 'heed does not return the mean and the deviation' },
      ],
    };
  },

  RMSNormalization: (fixture) => {
    const { x, size } = flattened(fixture);
    const epsilon = fixture.options.number('epsilon', 1e-5);
    const y = rmsNorm(x, { weight: vector(fixture, 'in.W', size), epsilon });
    return { comparisons: [{ name: 'out.Y', actual: y.toArray() }] };
  },
};
