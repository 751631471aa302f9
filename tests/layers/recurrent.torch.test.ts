/** RNN, LSTM, GRU and their cells against PyTorch. */
import { type CellState, GRUCell, LSTMCell, type RecurrentCell, RNNCell } from '../../src/layers/cell.ts';
import { GRU } from '../../src/layers/gru.ts';
import { LSTM } from '../../src/layers/lstm.ts';
import { RNN } from '../../src/layers/rnn.ts';
import { stack } from '../../src/ops/join.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { weightedLoss } from '../support/gradientCheck.ts';
import { fixtureNames, sourceOf, type TorchCase, torchCases } from '../support/torchFixtures.ts';

const sequences = [
  'uni_l1_odd_zero',
  'uni_l1_odd_state',
  'uni_l1_odd_packed',
  'uni_l1_simd_state',
  'uni_l1_simd_packed',
  'uni_l1_h32_zero',
  'uni_l2_odd_state',
  'uni_l2_odd_packed',
  'uni_l2_simd_state',
  'bi_l1_odd_state',
  'bi_l1_odd_packed',
  'bi_l1_odd_zero_nobias',
  'bi_l1_simd_state',
  'bi_l1_simd_packed',
  'bi_l2_odd_state',
  'bi_l2_odd_packed',
  'bi_l2_simd_packed',
  'bi_l3_odd_packed',
];

const gruSequences = sequences.filter(
  (name) => !['bi_l1_odd_zero_nobias', 'bi_l3_odd_packed'].includes(name),
);

const rnnSequences = gruSequences.filter(
  (name) =>
    !['uni_l1_h32_zero', 'uni_l2_simd_state', 'bi_l2_simd_packed'].includes(name) &&
    !/^bi_l1_simd/.test(name),
);

const configOf = ({ ctor }: TorchCase['row']) => {
  const { input_size, hidden_size, num_layers, bidirectional, bias } = ctor as Record<string, number>;
  return {
    inputSize: input_size!,
    hiddenSize: hidden_size!,
    layers: num_layers!,
    bidirectional: Boolean(bidirectional),
    bias: Boolean(bias),
    prefix: 'w.',
  };
};

/** `forward` gives [output, final states stacked over layers and directions]. */
function checkSequence(
  fixture: TorchCase,
  layer: LSTM | GRU | RNN,
  forward: (x: Tensor, lengths: Tensor | undefined, initial: readonly Tensor[] | undefined) => Tensor[],
  stateNames: readonly string[],
): void {
  const { runtime } = fixture;
  const x = fixture.tensor('in.x');
  const lengths = fixture.optional('in.lengths');
  const parameters = fixtureNames(layer).set('in.x', x);
  const initial = fixture.has('in.h0') ? stateNames.map((name) => fixture.tensor(`in.${name}0`)) : undefined;
  initial?.forEach((tensor, i) => {
    parameters.set(`in.${stateNames[i]}0`, tensor);
  });
  const names = ['y', ...stateNames.map((name) => `${name}n`)];
  const run = () => forward(x, lengths, initial);
  runtime.scope(run).forEach((output, i) => {
    fixture.expectEqual('out', names[i]!, output.toArray());
  });
  const cotangents = names.map((name) => fixture.floats(`in.cotangent.${name}`));
  const { gradients } = runtime.gradients(() => weightedLoss(run(), cotangents), parameters);
  fixture.expectGradients(gradients);
  layer.dispose();
}

torchCases(
  'layers',
  sequences.map((name) => `lstm_${name}`),
  (fixture) => {
    const lstm = LSTM.load(fixture.runtime, fixture.source, configOf(fixture.row));
    const forward = (x: Tensor, lengths?: Tensor, initial?: readonly Tensor[]): Tensor[] => {
      const [h0, c0] = initial ?? [];
      const { output, state } = lstm.forward(x, {
        lengths,
        state:
          h0 && c0 && Array.from({ length: h0.shape[0]! }, (_, i) => ({ hidden: h0.at(i), cell: c0.at(i) })),
      });
      return [output, stack(state.map(({ hidden }) => hidden)), stack(state.map(({ cell }) => cell))];
    };
    checkSequence(fixture, lstm, forward, ['h', 'c']);
  },
);

torchCases(
  'layers',
  [...gruSequences.map((name) => `gru_${name}`), ...rnnSequences.map((name) => `rnn_${name}`)],
  (fixture) => {
    const Layer: typeof GRU | typeof RNN = fixture.row.module === 'nn.GRU' ? GRU : RNN;
    const layer = Layer.load(fixture.runtime, fixture.source, configOf(fixture.row));
    const forward = (x: Tensor, lengths?: Tensor, initial?: readonly Tensor[]): Tensor[] => {
      const [h0] = initial ?? [];
      const { output, state } = layer.forward(x, {
        lengths,
        state: h0 && Array.from({ length: h0.shape[0]! }, (_, i) => ({ hidden: h0.at(i) })),
      });
      return [output, stack(state.map(({ hidden }) => hidden))];
    };
    checkSequence(fixture, layer, forward, ['h']);
  },
);

const CELL_CASES = ['rnncell_odd', 'grucell_odd', 'lstmcell_odd', 'lstmcell_simd', 'lstmcell_saturated'];
const CELLS = { RNNCell, GRUCell, LSTMCell };

torchCases('layers', CELL_CASES, (fixture) => {
  const { runtime, row } = fixture;
  const { input_size, hidden_size } = row.ctor as Record<string, number>;
  const Cell: typeof CELLS.LSTMCell | typeof CELLS.GRUCell | typeof CELLS.RNNCell =
    CELLS[row.module.slice('nn.'.length) as keyof typeof CELLS];
  const cell: RecurrentCell = Cell.load(runtime, fixture.source, {
    inputSizes: [input_size!],
    hiddenSize: hidden_size!,
    prefix: 'w.',
  });
  const letters = cell.stateNames.map((name) => name[0]!);
  const x = fixture.tensor('in.x');
  const parameters = fixtureNames(cell).set('in.x', x);
  const initial = Object.fromEntries(
    cell.stateNames.map((name, i) => [name, fixture.tensor(`in.${letters[i]}0`)]),
  ) as CellState;
  cell.stateNames.forEach((name, i) => {
    parameters.set(`in.${letters[i]}0`, initial[name]!);
  });
  const run = (): Tensor[] => {
    const next = cell.forward([x], initial);
    return cell.stateNames.map((name) => next[name]!);
  };
  runtime.scope(run).forEach((output, i) => {
    fixture.expectEqual('out', letters[i]!, output.toArray());
  });
  const cotangents = letters.map((letter) => fixture.floats(`in.cotangent.${letter}`));
  const { gradients } = runtime.gradients(() => weightedLoss(run(), cotangents), parameters);
  fixture.expectGradients(gradients);
  cell.dispose();
});

const LAYERS = { 'nn.RNNCell': RNN, 'nn.GRUCell': GRU, 'nn.LSTMCell': LSTM };

/** The same by one step of the layer. */
torchCases('layers', CELL_CASES, (fixture) => {
  const { input_size, hidden_size } = fixture.row.ctor as Record<string, number>;
  const renamed = sourceOf(
    Object.fromEntries(fixture.names('w.').map((name) => [`${name}_l0`, fixture.stored(`w.${name}`)])),
  );
  const Layer = LAYERS[fixture.row.module as keyof typeof LAYERS];
  const layer = Layer.load(fixture.runtime, renamed, { inputSize: input_size!, hiddenSize: hidden_size! });
  const x = fixture.tensor('in.x');
  const steps = layer.startSteps(x.shape[0]);
  const state = steps.layers[0] as CellState;
  state.hidden.set(fixture.floats('in.h0'));
  state.cell?.set(fixture.floats('in.c0'));
  fixture.expectEqual('out', 'h', layer.step(x, steps as never).toArray());
  if (state.cell) fixture.expectEqual('out', 'c', state.cell.toArray());
  steps.dispose();
  layer.dispose();
});
