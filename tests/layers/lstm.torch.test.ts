/** LSTM and LSTMCell against PyTorch. */
import { LSTM } from '../../src/layers/lstm.ts';
import { add } from '../../src/ops/elementwise.ts';
import { stack } from '../../src/ops/join.ts';
import { addLinear, linear } from '../../src/ops/linear.ts';
import { type LSTMState, lstmCell } from '../../src/ops/lstm.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { weightedLoss } from '../support/gradientCheck.ts';
import { fixtureNames, sourceOf, torchCases } from '../support/torchFixtures.ts';

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

torchCases(
  'layers',
  sequences.map((name) => `lstm_${name}`),
  (fixture) => {
    const { runtime, row } = fixture;
    const { input_size, hidden_size, num_layers, bidirectional, bias } = row.ctor as Record<string, number>;
    const config = {
      inputSize: input_size!,
      hiddenSize: hidden_size!,
      layers: num_layers!,
      bidirectional: Boolean(bidirectional),
      bias: Boolean(bias),
      prefix: 'w.',
    };
    const lstm = LSTM.load(runtime, fixture.source, config);
    const x = fixture.tensor('in.x');
    const lengths = fixture.optional('in.lengths');
    const [h0, c0] = [fixture.optional('in.h0'), fixture.optional('in.c0')];
    const parameters = fixtureNames(lstm).set('in.x', x);
    if (h0 && c0) parameters.set('in.h0', h0).set('in.c0', c0);
    const run = (): Tensor[] => {
      const initial: LSTMState[] | undefined =
        h0 && c0 && Array.from({ length: h0.shape[0]! }, (_, i) => ({ hidden: h0.at(i), cell: c0.at(i) }));
      const { output, state } = lstm.forward(x, { lengths, state: initial });
      return [output, stack(state.map(({ hidden }) => hidden)), stack(state.map(({ cell }) => cell))];
    };
    const names = ['y', 'hn', 'cn'];
    runtime.scope(run).forEach((output, i) => {
      fixture.expectEqual('out', names[i]!, output.toArray());
    });
    const cotangents = names.map((name) => fixture.floats(`in.cotangent.${name}`));
    const { gradients } = runtime.gradients(() => weightedLoss(run(), cotangents), parameters);
    fixture.expectGradients(gradients);
    lstm.dispose();
  },
);

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
