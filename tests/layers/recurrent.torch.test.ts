/** LSTM, LSTMCell, GRU and GRUCell against PyTorch. */
import { GRU } from '../../src/layers/gru.ts';
import { LSTM } from '../../src/layers/lstm.ts';
import { add } from '../../src/ops/elementwise.ts';
import { stack } from '../../src/ops/join.ts';
import { addLinear, linear } from '../../src/ops/linear.ts';
import { lstmCell } from '../../src/ops/lstm.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
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
  layer: LSTM | GRU,
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
  gruSequences.map((name) => `gru_${name}`),
  (fixture) => {
    const gru = GRU.load(fixture.runtime, fixture.source, configOf(fixture.row));
    const forward = (x: Tensor, lengths?: Tensor, initial?: readonly Tensor[]): Tensor[] => {
      const [h0] = initial ?? [];
      const { output, state } = gru.forward(x, {
        lengths,
        state: h0 && Array.from({ length: h0.shape[0]! }, (_, i) => ({ hidden: h0.at(i) })),
      });
      return [output, stack(state.map(({ hidden }) => hidden))];
    };
    checkSequence(fixture, gru, forward, ['h']);
  },
);

torchCases('layers', ['grucell_odd'], (fixture) => {
  const { runtime } = fixture;
  const { input_size, hidden_size } = fixture.row.ctor as Record<string, number>;
  const renamed = sourceOf(
    Object.fromEntries(fixture.names('w.').map((name) => [`${name}_l0`, fixture.stored(`w.${name}`)])),
  );
  const gru = GRU.load(runtime, renamed, { inputSize: input_size!, hiddenSize: hidden_size! });
  const [x, h0] = [fixture.tensor('in.x'), fixture.tensor('in.h0')];
  const batch = x.shape[0]!;
  const parameters = new Map(
    [...gru.parameters()].map(([name, tensor]) => [`w.${name.slice(0, -3)}`, tensor]),
  );
  parameters.set('in.x', x).set('in.h0', h0);
  const run = () =>
    gru.forward(x.reshape([batch, 1, input_size!]), { state: [{ hidden: h0 }] }).state[0]!.hidden;
  fixture.expectEqual('out', 'h', runtime.scope(run).toArray());
  const { gradients } = runtime.gradients(
    () => weightedLoss([run()], [fixture.floats('in.cotangent.h')]),
    parameters,
  );
  fixture.expectGradients(gradients);
  const steps = gru.startSteps(batch);
  steps.layers[0]!.hidden.set(h0.toArray());
  fixture.expectEqual('out', 'h', gru.step(x, steps).toArray());
  steps.dispose();
  gru.dispose();
});

torchCases('layers', ['lstmcell_odd', 'lstmcell_simd', 'lstmcell_saturated'], (fixture) => {
  const { runtime } = fixture;
  const { input_size, hidden_size } = fixture.row.ctor as Record<string, number>;
  const names = ['w.weight_ih', 'w.weight_hh', 'w.bias_ih', 'w.bias_hh', 'in.x', 'in.h0', 'in.c0'];
  const parameters = new Map(names.map((name) => [name, fixture.tensor(name)]));
  const [weightIn, weightRecurrent, biasIn, biasRecurrent, x, h0, c0] = [...parameters.values()] as Seven;
  const packed = [new PackedWeight(weightIn), new PackedWeight(weightRecurrent)] as const;
  const run = (): Tensor[] => {
    const projected = linear(x, packed[0], add(biasIn, biasRecurrent));
    const { hidden, cell } = lstmCell(addLinear(projected, h0, packed[1]), c0);
    return [hidden, cell];
  };
  runtime.scope(run).forEach((output, i) => {
    fixture.expectEqual('out', 'hc'[i]!, output.toArray());
  });
  const cotangents = ['h', 'c'].map((name) => fixture.floats(`in.cotangent.${name}`));
  const { gradients } = runtime.gradients(() => weightedLoss(run(), cotangents), parameters);
  fixture.expectGradients(gradients);
  for (const weight of packed) weight.dispose();

  // The same by one step of the layer.
  const renamed = sourceOf(
    Object.fromEntries(fixture.names('w.').map((name) => [`${name}_l0`, fixture.stored(`w.${name}`)])),
  );
  const lstm = LSTM.load(runtime, renamed, { inputSize: input_size!, hiddenSize: hidden_size! });
  const state = lstm.startSteps(x.shape[0]);
  state.layers[0]!.hidden.set(h0.toArray());
  state.layers[0]!.cell.set(c0.toArray());
  fixture.expectEqual('out', 'h', lstm.step(x, state).toArray());
  fixture.expectEqual('out', 'c', state.layers[0]!.cell.toArray());
  state.dispose();
  lstm.dispose();
});

type Seven = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
