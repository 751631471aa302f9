// RNN, LSTM and GRU: sequences against the equations, steps against sequences.
import { expectEqual, expectNear, expectThrows } from './expectations.js';
import * as reference from './references.js';
import { sourceOf, Values, weightsOf } from './values.js';

export const needs = ['heed'];

const [batch, time, inputSize, hiddenSize] = [3, 7, 11, 13];
const GATES = { RNN: 1, LSTM: 4, GRU: 3 };
/** Each step takes up what the steps before are off by. */
const arithmetic = { roundings: time * (inputSize + hiddenSize), approximations: 4 * time };

const weightsFor = (kind, suffixes = ['l0']) =>
  weightsOf(
    suffixes.flatMap((suffix) => [
      [`weight_ih_${suffix}`, [GATES[kind] * hiddenSize, inputSize]],
      [`weight_hh_${suffix}`, [GATES[kind] * hiddenSize, hiddenSize]],
      [`bias_ih_${suffix}`, [GATES[kind] * hiddenSize]],
      [`bias_hh_${suffix}`, [GATES[kind] * hiddenSize]],
    ]),
  );

const inputs = () => new Values(21).floats(batch * time * inputSize, 2);

function sequences(kind) {
  return ({ runtime, own, heed }) => {
    const suffixes = ['l0', 'l0_reverse'];
    const weights = weightsFor(kind, suffixes);
    const config = { inputSize, hiddenSize, bidirectional: true };
    const layer = own(heed[kind].load(runtime, sourceOf(weights), config));
    const lengths = [7, 0, 4];
    const x = inputs();
    const { output, state } = layer.forward(heed.Tensor.from(runtime, x, [batch, time, inputSize]), {
      lengths: heed.Tensor.from(runtime, lengths, [batch], 'i32'),
    });
    const ways = suffixes.map((suffix) =>
      reference.recurrent(kind, x, weights, { batch, time, inputSize, hiddenSize, lengths, suffix }),
    );
    const expected = Float64Array.from({ length: batch * time * 2 * hiddenSize }, (_, at) => {
      const [row, column] = [Math.floor(at / (2 * hiddenSize)), at % (2 * hiddenSize)];
      const way = ways[Math.floor(column / hiddenSize)];
      return way.output[row * hiddenSize + (column % hiddenSize)];
    });
    expectNear('output', output.toArray(), expected, arithmetic);
    ways.forEach((way, i) => {
      expectNear('hidden', state[i].hidden.toArray(), way.state.hidden, arithmetic);
      if (kind === 'LSTM') expectNear('cell', state[i].cell.toArray(), way.state.cell, arithmetic);
    });
  };
}

function steps(kind) {
  return ({ runtime, own, heed }) => {
    const { Random, Tensor } = heed;
    const layer = own(heed[kind].create(runtime, { inputSize, hiddenSize, layers: 2 }, new Random(3)));
    const x = inputs();
    const { output } = layer.forward(Tensor.from(runtime, x, [batch, time, inputSize]));
    const whole = output.toArray();
    const state = own(layer.startSteps(batch));
    const frame = Tensor.zeros(runtime, [batch, inputSize]);
    const { usedBytes } = runtime.memory;
    for (let t = 0; t < time; t++) {
      const at = (b) => (b * time + t) * inputSize;
      frame.set(Array.from({ length: batch }, (_, b) => [...x.slice(at(b), at(b) + inputSize)]).flat());
      const hidden = layer.step(frame, state);
      const expected = Array.from({ length: batch }, (_, b) => [
        ...whole.slice((b * time + t) * hiddenSize, (b * time + t + 1) * hiddenSize),
      ]).flat();
      expectNear(`step ${t}`, hidden.toArray(), expected, arithmetic);
    }
    expectEqual('bytes that steps allocate', runtime.memory.usedBytes - usedBytes, 0);
  };
}

export const scoped = {
  ...Object.fromEntries(
    Object.keys(GATES).flatMap((kind) => [
      [`${kind}: sequences in both directions, with lengths`, sequences(kind)],
      [`${kind}: steps of two layers are its sequence`, steps(kind)],
    ]),
  ),

  'goes on from a state': ({ runtime, own, heed: { LSTM, Random, Tensor } }) => {
    const lstm = own(LSTM.create(runtime, { inputSize, hiddenSize }, new Random(4)));
    const x = Tensor.from(runtime, inputs(), [batch, time, inputSize]);
    const whole = lstm.forward(x).state[0];
    // The first four steps of each row, then the rest.
    const part = (from, to) => {
      const rows = [0, 1, 2].flatMap((b) => [...x.at(b).slice(from, to).toArray()]);
      return Tensor.from(runtime, rows, [batch, to - from, inputSize]);
    };
    const { state } = lstm.forward(part(0, 4));
    const rest = lstm.forward(part(4, time), { state }).state[0];
    expectNear('hidden', rest.hidden.toArray(), whole.hidden.toArray(), arithmetic);
    expectNear('cell', rest.cell.toArray(), whole.cell.toArray(), arithmetic);
  },

  'cells and sequences as ops': ({ runtime, own, heed }) => {
    const { gruCell, gruSequence, lstmCell, lstmSequence, PackedWeight, rnnCell, rnnSequence, Tensor } = heed;
    const kinds = {
      RNN: { sequence: rnnSequence, cell: (x, p) => rnnCell(x, p) },
      LSTM: { sequence: lstmSequence, cell: (x, _, zeros) => lstmCell(x, zeros).hidden },
      GRU: { sequence: gruSequence, cell: gruCell },
    };
    for (const [kind, { sequence, cell }] of Object.entries(kinds)) {
      const columns = GATES[kind] * hiddenSize;
      const values = new Values(22);
      // The state begins as zeros: one step is the cell of the projected input alone.
      const projected = () =>
        Tensor.from(runtime, new Values(23).floats(batch * columns), [batch, 1, columns]);
      const weight = Tensor.from(runtime, values.floats(columns * hiddenSize), [columns, hiddenSize]);
      const { output } = sequence(projected(), own(new PackedWeight(weight)));
      const [products, zeros] = [
        Tensor.zeros(runtime, [batch, columns]),
        Tensor.zeros(runtime, [batch, hiddenSize]),
      ];
      const one = cell(projected().reshape([batch, columns]), products, zeros);
      expectNear(kind, output.toArray(), one.toArray(), { roundings: 4, approximations: 2 });
    }
  },

  'refuses what does not fit': ({ runtime, own, heed: { LSTM, Random, Tensor } }) => {
    const lstm = own(LSTM.create(runtime, { inputSize, hiddenSize, bidirectional: true }, new Random(1)));
    expectThrows('steps', 'UnsupportedError', /bidirectional/, () => lstm.startSteps());
    expectThrows('x', 'ShapeError', /x/, () => lstm.forward(Tensor.zeros(runtime, [1, 2, inputSize + 1])));
    const lengths = Tensor.from(runtime, [3], [1], 'i32');
    const x = Tensor.zeros(runtime, [1, 2, inputSize]);
    expectThrows('lengths', 'ArgumentError', /3/, () => lstm.forward(x, { lengths }));
    const config = { inputSize: 0, hiddenSize };
    expectThrows('sizes', 'ArgumentError', /inputSize/, () => LSTM.create(runtime, config, new Random(1)));
  },
};
