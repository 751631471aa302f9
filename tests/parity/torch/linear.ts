import { Embedding } from '../../../src/layers/embedding.ts';
import { Linear } from '../../../src/layers/linear.ts';
import { evaluate, parametersOf } from '../evaluate.ts';
import type { Runners } from '../runner.ts';

export const linearRunners: Runners = {
  'nn.Linear': (fixture) => {
    const { options, runtime } = fixture;
    const layer = Linear.load(runtime, fixture.source, {
      inputs: options.number('in_features'),
      outputs: options.number('out_features'),
      bias: options.flag('bias', true),
      prefix: 'w.',
    });
    fixture.own(layer);
    const x = fixture.tensor('in.x');
    const parameters = parametersOf(layer, { 'in.x': x });
    return {
      comparisons: evaluate(fixture, parameters, () => ({ y: layer.forward(x) })),
      arithmetic: { approximations: 0 },
    };
  },

  'nn.Embedding': (fixture) => {
    const { options, runtime } = fixture;
    const layer = Embedding.load(runtime, fixture.source, {
      count: options.number('num_embeddings'),
      size: options.number('embedding_dim'),
      paddingId: options.optionalNumber('padding_idx'),
      prefix: 'w.',
    });
    fixture.own(layer);
    const ids = fixture.tensor('in.ids');
    return {
      comparisons: evaluate(fixture, parametersOf(layer), () => ({ y: layer.forward(ids) })),
      arithmetic: { approximations: 0 },
    };
  },
};
