import { LayerNorm, RMSNorm } from '../../../src/layers/norm.ts';
import { evaluate, parametersOf } from '../evaluate.ts';
import type { Fixture } from '../fixture.ts';
import { renamed, theirNames } from '../names.ts';
import { NotRun } from '../options.ts';
import type { Runners } from '../runner.ts';
import { layerNormCondition } from '../tolerance.ts';

/** Elements of the last axes, which are normalised together. */
function normalisedSize({ options }: Fixture): number {
  const shape = options.get('normalized_shape');
  if (typeof shape === 'number') return shape;
  if (!Array.isArray(shape)) throw new NotRun(`normalized_shape is ${JSON.stringify(shape)}`);
  return (shape as number[]).reduce((a, b) => a * b, 1);
}

export const normRunners: Runners = {
  'nn.LayerNorm': (fixture) => {
    const { options, runtime } = fixture;
    const size = normalisedSize(fixture);
    const weight = options.flag('elementwise_affine', true);
    const bias = weight && options.flag('bias', true);
    const epsilon = options.number('eps', 1e-5);
    // Several axes are one to heed.
    const renaming = { weight: ['weight', [size]], bias: ['bias', [size]] } as const;
    const source = renamed(fixture, renaming);
    const layer = fixture.own(LayerNorm.load(runtime, source, { size, epsilon, weight, bias }));
    const values = fixture.floats('in.x');
    const x = fixture.tensor('in.x', [values.length / size, size]);
    const parameters = theirNames(layer.parameters(), renaming, { 'in.x': x });
    return {
      comparisons: evaluate(fixture, parameters, () => ({ y: layer.forward(x) })),
      arithmetic: { condition: layerNormCondition(values, size, epsilon) },
    };
  },

  RMSNorm: (fixture) => {
    const { options, runtime } = fixture;
    const layer = RMSNorm.load(runtime, fixture.source, {
      size: options.number('dim'),
      epsilon: options.number('eps', 1e-6),
      prefix: 'w.',
    });
    fixture.own(layer);
    const x = fixture.tensor('in.x');
    const parameters = parametersOf(layer, { 'in.x': x });
    return { comparisons: evaluate(fixture, parameters, () => ({ y: layer.forward(x) })) };
  },
};
