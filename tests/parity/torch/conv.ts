import { Conv1d, Conv2d } from '../../../src/layers/conv.ts';
import { relu } from '../../../src/ops/activation.ts';
import { maxPool1d, maxPool2d } from '../../../src/ops/pool.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import { evaluate, parametersOf } from '../evaluate.ts';
import type { Fixture } from '../fixture.ts';
import { NotRun } from '../options.ts';
import type { Outcome, Runner, Runners } from '../runner.ts';

type Extent = number | readonly [number, number];

/** One number, or one for each axis. */
function extent({ options }: Fixture, name: string, otherwise?: Extent): Extent {
  const value = options.get(name) ?? otherwise;
  if (typeof value === 'number') return value;
  if (Array.isArray(value) && value.length === 2) return value as unknown as [number, number];
  if (Array.isArray(value) && value.length === 1) return value[0] as number;
  throw new NotRun(`${name} is ${JSON.stringify(value)}`);
}

function convolutionConfig(fixture: Fixture) {
  const { options } = fixture;
  options.only('padding_mode', 'zeros');
  return {
    inputs: options.number('in_channels'),
    outputs: options.number('out_channels'),
    kernel: extent(fixture, 'kernel_size'),
    stride: extent(fixture, 'stride', 1),
    padding: extent(fixture, 'padding', 0),
    dilation: extent(fixture, 'dilation', 1),
    groups: options.number('groups', 1),
    bias: options.flag('bias', true),
    prefix: 'w.',
  };
}

/** x without a batch is one of one. */
function batched(fixture: Fixture, axes: number): Tensor {
  const shape = fixture.shape('in.x');
  return fixture.tensor('in.x', shape.length < axes ? [1, ...shape] : shape);
}

function convolve2d(fixture: Fixture, after: (y: Tensor) => Tensor): Outcome {
  const layer = fixture.own(Conv2d.load(fixture.runtime, fixture.source, convolutionConfig(fixture)));
  const x = batched(fixture, 4);
  const parameters = parametersOf(layer, { 'in.x': x });
  return {
    comparisons: evaluate(fixture, parameters, () => ({ y: after(layer.forward(x)) })),
    arithmetic: { approximations: 0 },
  };
}

function pool(axes: number, op: (x: Tensor, kernel: Extent, options: object) => Tensor): Runner {
  return (fixture) => {
    const { options } = fixture;
    options.only('dilation', 1);
    for (const name of ['ceil_mode', 'return_indices']) options.only(name, false);
    const kernel = extent(fixture, 'kernel_size');
    const settings = { stride: extent(fixture, 'stride', kernel), padding: extent(fixture, 'padding', 0) };
    const x = batched(fixture, axes);
    return {
      comparisons: evaluate(fixture, new Map([['in.x', x]]), () => ({ y: op(x, kernel, settings) })),
      arithmetic: { approximations: 0 },
    };
  };
}

export const convRunners: Runners = {
  'nn.Conv1d': (fixture) => {
    const config = convolutionConfig(fixture) as Parameters<typeof Conv1d.load>[2];
    const layer = fixture.own(Conv1d.load(fixture.runtime, fixture.source, config));
    const x = batched(fixture, 3);
    const parameters = parametersOf(layer, { 'in.x': x });
    return {
      comparisons: evaluate(fixture, parameters, () => ({ y: layer.forward(x) })),
      arithmetic: { approximations: 0 },
    };
  },
  'nn.Conv2d': (fixture) => convolve2d(fixture, (y) => y),
  'nn.Conv2d+ReLU+MaxPool2d(2)': (fixture) => convolve2d(fixture, (y) => maxPool2d(relu(y), 2)),
  'nn.MaxPool1d': pool(3, (x, kernel, options) => maxPool1d(x, kernel as number, options)),
  'nn.MaxPool2d': pool(4, maxPool2d),
};
