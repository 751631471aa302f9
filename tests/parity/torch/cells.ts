import { GRUCell, LSTMCell, RNNCell } from '../../../src/layers/cell.ts';
import { GRU } from '../../../src/layers/gru.ts';
import { LSTM } from '../../../src/layers/lstm.ts';
import { RNN } from '../../../src/layers/rnn.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { WeightSource } from '../../../src/tensor/weights.ts';
import type { Comparison } from '../compare.ts';
import { evaluate, parametersOf } from '../evaluate.ts';
import type { Fixture } from '../fixture.ts';
import { renamed } from '../names.ts';
import type { Outcome, Runners } from '../runner.ts';
import { saturationCondition } from '../tolerance.ts';
import type { State, Stepping } from './recurrent.ts';

interface Cell {
  forward(inputs: readonly Tensor[], state: object | undefined): object;
  parameters(): ReadonlyMap<string, Tensor>;
  dispose(): void;
}

interface Family {
  readonly load: (
    fixture: Fixture,
    config: { inputSizes: number[]; hiddenSize: number; bias: boolean },
  ) => Cell;
  /** The layer that takes the same step. */
  readonly layer: (
    fixture: Fixture,
    source: WeightSource,
    config: { inputSize: number; hiddenSize: number; bias: boolean },
  ) => object;
  /** heed's name of each part of the state, by PyTorch's letter. */
  readonly parts: Readonly<Record<string, string>>;
}

function step(fixture: Fixture, family: Family): Outcome {
  const { options } = fixture;
  const { load, parts } = family;
  const hiddenSize = options.number('hidden_size');
  const inputSize = options.number('input_size');
  const bias = options.flag('bias', true);
  const cell = fixture.own(load(fixture, { inputSizes: [inputSize], hiddenSize, bias }));
  const rows = (name: string, size: number): Tensor =>
    fixture.tensor(name, [fixture.stored(name).shape.length === 1 ? 1 : fixture.shape(name)[0]!, size]);
  const x = rows('in.x', inputSize);
  const given = Object.entries(parts).filter(([letter]) => fixture.has(`in.${letter}0`));
  const before = new Map(given.map(([letter]) => [letter, rows(`in.${letter}0`, hiddenSize)]));
  const state = before.size
    ? Object.fromEntries(given.map(([letter, part]) => [part, before.get(letter)!]))
    : undefined;
  const compute = (): Record<string, Tensor> => {
    const after = cell.forward([x], state) as State;
    return Object.fromEntries(Object.entries(parts).map(([letter, part]) => [letter, after[part]!]));
  };
  const inputs = Object.fromEntries([...before].map(([letter, tensor]) => [`in.${letter}0`, tensor]));
  const products: [string, string][] = [['in.x', 'w.weight_ih']];
  if (before.has('h')) products.push(['in.h0', 'w.weight_hh']);
  const comparisons = evaluate(fixture, parametersOf(cell, { 'in.x': x, ...inputs }), compute);
  return {
    comparisons: [...comparisons, ...stepOfLayer(fixture, family, { inputSize, hiddenSize, bias }, x, state)],
    arithmetic: { approximations: 3, condition: saturationCondition(fixture, products) },
  };
}

/** The same by a layer, which takes its steps in place. */
function stepOfLayer(
  fixture: Fixture,
  { layer: load, parts }: Family,
  config: { inputSize: number; hiddenSize: number; bias: boolean },
  x: Tensor,
  initial: State | undefined,
): Comparison[] {
  const renaming = Object.fromEntries(fixture.names('w.').map((name) => [name, `${name}_l0`]));
  const layer = fixture.own(load(fixture, renamed(fixture, renaming), config) as Stepping);
  const steps = fixture.own(layer.startSteps(x.shape[0]!));
  const state = steps.layers[0] as State;
  for (const [part, tensor] of Object.entries(initial ?? {})) state[part]!.set(tensor.toArray());
  layer.step(x, steps);
  return Object.entries(parts).map(([letter, part]) => ({
    name: `out.${letter}`,
    actual: state[part]!.toArray(),
  }));
}

const rnn: Family = {
  load: ({ runtime, source }, config) => RNNCell.load(runtime, source, { ...config, prefix: 'w.' }) as Cell,
  layer: ({ runtime }, source, config) => RNN.load(runtime, source, config),
  parts: { h: 'hidden' },
};
const gru: Family = {
  load: ({ runtime, source }, config) => GRUCell.load(runtime, source, { ...config, prefix: 'w.' }) as Cell,
  layer: ({ runtime }, source, config) => GRU.load(runtime, source, config),
  parts: { h: 'hidden' },
};
const lstm: Family = {
  load: ({ runtime, source }, config) => LSTMCell.load(runtime, source, { ...config, prefix: 'w.' }) as Cell,
  layer: ({ runtime }, source, config) => LSTM.load(runtime, source, config),
  parts: { h: 'hidden', c: 'cell' },
};

export const cellRunners: Runners = {
  'nn.RNNCell': (fixture) => {
    fixture.options.only('nonlinearity', 'tanh');
    return step(fixture, rnn);
  },
  'nn.GRUCell': (fixture) => step(fixture, gru),
  'nn.LSTMCell': (fixture) => step(fixture, lstm),
};
