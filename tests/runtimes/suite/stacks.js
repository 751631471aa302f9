// What heed/models adds to the layers: attention by scores, cells, decoders, stacks with caches, positions, convolution.
import { expectEqual, expectNear, expectThrows, expectTrue } from './expectations.js';
import * as reference from './references.js';
import { sourceOf, Values, weightsOf } from './values.js';

export const needs = ['heed', 'models'];

const flatten = (rows) => rows.flatMap((row) => [...row]);

export const scoped = {
  'attention by every score function': ({ runtime, own, heed: { Random, Tensor }, models }) => {
    const { Attention, scoreFunctions } = models;
    expectEqual('scores', scoreFunctions.length, 7);
    const values = Tensor.from(runtime, new Values(51).floats(2 * 5 * 6), [2, 5, 6]);
    const query = Tensor.from(runtime, new Values(52).floats(2 * 3 * 6), [2, 3, 6]);
    const lengths = Tensor.from(runtime, [5, 2], [2], 'i32');
    for (const score of scoreFunctions) {
      const config = { score, querySize: 6, keySize: 6, attentionSize: 4, maxKeys: 5 };
      const layer = own(Attention.create(runtime, config, new Random(5)));
      const { context, weights } = layer.read(query, layer.remember(values, lengths));
      const w = weights.toArray();
      // Whatever the score: weights of what exists that add up to 1, and the average by them.
      for (let row = 0; row < 6; row++) {
        const seen = [...w.slice(row * 5, row * 5 + 5)];
        expectNear(`${score}: sum`, [seen.reduce((a, b) => a + b, 0)], [1], {
          roundings: 16,
          approximations: 1,
        });
        if (row >= 3) expectEqual(`${score}: behind the length`, seen.slice(2), [0, 0, 0]);
      }
      const v = values.toArray();
      const expected = flatten(
        [0, 1].map((b) => reference.product(w.slice(15 * b), v.slice(30 * b), 3, 5, 6)),
      );
      expectNear(`${score}: context`, context.toArray(), expected, { roundings: 6, magnitude: 1 });
    }
    const unknown = { score: 'other', querySize: 6, keySize: 6 };
    expectThrows('unknown', 'ArgumentError', /score/, () =>
      Attention.create(runtime, unknown, new Random(1)),
    );
  },

  'cells take one step of their sequence': ({ runtime, own, heed, models }) => {
    const { createParameters, Random, Tensor } = heed;
    const { createCell, GRUCell, LSTMCell, RecurrentCell, RNNCell } = models;
    const kinds = { RNN: [RNNCell, 'rnn', 1], GRU: [GRUCell, 'gru', 3], LSTM: [LSTMCell, 'lstm', 4] };
    for (const [kind, [Cell, name, gates]] of Object.entries(kinds)) {
      const weights = weightsOf({
        weight_ih: [gates * 5, 4],
        weight_hh: [gates * 5, 5],
        bias_ih: [gates * 5],
        bias_hh: [gates * 5],
      });
      const cell = own(Cell.load(runtime, sourceOf(weights), { inputSizes: [4], hiddenSize: 5 }));
      const x = new Values(53).floats(2 * 4);
      const { hidden } = cell.forward([Tensor.from(runtime, x, [2, 4])]);
      const sized = { batch: 2, time: 1, inputSize: 4, hiddenSize: 5 };
      const named = new Map([...weights].map(([key, value]) => [`${key}_l0`, value]));
      const expected = reference.recurrent(kind, x, named, sized).output;
      expectNear(kind, hidden.toArray(), expected, { roundings: 16, approximations: 4 });
      const build = (parameters) => createCell(parameters, { kind: name, inputSizes: [4], hiddenSize: 5 });
      const made = own(createParameters(runtime, new Random(1), build));
      expectTrue(`${kind} by name`, made instanceof Cell && made instanceof RecurrentCell);
    }
  },

  "the papers' decoders": ({ runtime, own, heed: { Random, Tensor }, models }) => {
    const { Bahdanau2014Decoder, BahdanauDecoder, Decoder, FixedContextDecoder, LuongDecoder } = models;
    const config = { embeddingSize: 3, hiddenSize: 6, keySize: 4, score: 'additive', attentionSize: 5 };
    for (const Kind of [LuongDecoder, BahdanauDecoder, Bahdanau2014Decoder, FixedContextDecoder]) {
      const decoder = own(Kind.create(runtime, { ...config, maxoutSize: 2 }, new Random(2)));
      expectTrue(`${Kind.name} is a decoder`, decoder instanceof Decoder);
      const values = new Values(54);
      const floats = (...shape) => Tensor.from(runtime, values.floats(shape.reduce((a, b) => a * b)), shape);
      const state = () => ({ hidden: floats(2, 4), cell: floats(2, 4) });
      const start = decoder.start({
        values: floats(2, 5, 4),
        lengths: Tensor.from(runtime, [5, 3], [2], 'i32'),
        final: [state()],
      });
      const embedded = floats(3, 2, 3);
      const together = decoder.project(embedded);
      let [one, all] = [start, start];
      for (let t = 0; t < 3; t++) {
        const alone = decoder.step(decoder.project(embedded.at(t)), one);
        const step = decoder.step(
          together.map((x) => x.at(t)),
          all,
        );
        expectEqual(`${Kind.name}: step ${t}`, step.features.toArray(), alone.features.toArray());
        expectEqual(`${Kind.name}: features`, step.features.shape, [2, decoder.featureSize]);
        [one, all] = [alone.next, step.next];
      }
    }
  },

  'a causal encoder step by step is the whole': ({ runtime, own, heed: { Random, Tensor }, models }) => {
    const { TransformerEncoder, TransformerEncoderCache } = models;
    const config = { modelSize: 8, heads: 2, feedForwardSize: 12, layers: 2 };
    const encoder = own(TransformerEncoder.create(runtime, config, new Random(6)));
    const x = Tensor.from(runtime, new Values(55).floats(5 * 8), [1, 5, 8]);
    const whole = encoder.forward(x, { mask: 'causal' }).output.toArray();
    const cache = own(encoder.createCache(runtime, { batch: 1, maxLength: 5 }));
    expectTrue('cache', cache instanceof TransformerEncoderCache);
    const steps = [0, 1, 2, 3, 4].map(
      (t) =>
        encoder.step(
          x
            .at(0)
            .slice(t, t + 1)
            .reshape([1, 1, 8]),
          cache,
        ).output,
    );
    expectNear('steps', flatten(steps.map((step) => step.toArray())), whole, {
      roundings: 200,
      approximations: 8,
    });
    expectEqual('held', cache.length, 5);
  },

  'a decoder with its cache is the whole': ({ runtime, own, heed: { Random, Tensor }, models }) => {
    const { Transformer, TransformerDecoder, TransformerDecoderCache, TransformerDecoderLayer } = models;
    const config = { modelSize: 8, heads: 2, feedForwardSize: 12, encoderLayers: 1, decoderLayers: 2 };
    const stacks = own(Transformer.create(runtime, config, new Random(7)));
    expectTrue('decoder', stacks.decoder instanceof TransformerDecoder);
    const values = new Values(56);
    const [source, target] = [6, 4].map((time) =>
      Tensor.from(runtime, values.floats(time * 8), [1, time, 8]),
    );
    const asked = { target: { mask: 'causal', returnCrossWeights: 'mean' } };
    const whole = stacks.forward(source, target, asked);
    expectEqual(
      'weights of each layer',
      whole.crossWeights.map(({ shape }) => shape),
      [
        [1, 4, 6],
        [1, 4, 6],
      ],
    );
    const memory = stacks.encoder.forward(source).output;
    const cache = own(stacks.decoder.remember(memory));
    expectTrue('cache', cache instanceof TransformerDecoderCache);
    const steps = [0, 1, 2, 3].map(
      (t) =>
        stacks.decoder.step(
          target
            .at(0)
            .slice(t, t + 1)
            .reshape([1, 1, 8]),
          cache,
        ).output,
    );
    const arithmetic = { roundings: 300, approximations: 12 };
    expectNear('steps', flatten(steps.map((step) => step.toArray())), whole.output.toArray(), arithmetic);
    const layer = own(TransformerDecoderLayer.create(runtime, config, new Random(8)));
    expectEqual('a layer', layer.forward(target, memory).output.shape, [1, 4, 8]);
  },

  'a cache of keys and values': ({
    runtime,
    own,
    heed: { attention, Tensor },
    models: { KeyValueCache },
  }) => {
    const cache = own(new KeyValueCache(runtime, { batch: 1, keySize: 4, capacity: 1, maxLength: 3 }));
    const rows = Tensor.from(runtime, new Values(57).floats(3 * 4), [1, 3, 4]);
    for (let t = 0; t < 3; t++) {
      const row = {
        tensor: rows
          .at(0)
          .slice(t, t + 1)
          .reshape([1, 1, 4]),
      };
      cache.append(row, row);
    }
    const read = attention(rows, cache.keys, cache.values, { heads: 2 }).output.toArray();
    expectEqual('read in place', read, attention(rows, rows, rows, { heads: 2 }).output.toArray());
    expectThrows('full', 'ArgumentError', /at most 3/, () =>
      cache.append({ tensor: rows }, { tensor: rows }),
    );
    cache.truncate(1);
    expectEqual('held', cache.length, 1);
  },

  positions: ({ runtime, own, heed: { Random, Tensor }, models }) => {
    const { addPositions, LearnedPositions, rotary, rotaryTable } = models;
    const { SinusoidalPositions, sinusoidalPositions } = models;
    const table = sinusoidalPositions(runtime, 9, 6);
    const angle = (position, i) => position / 10_000 ** ((2 * Math.floor(i / 2)) / 6);
    const sine = (position, i) => (i % 2 === 0 ? Math.sin : Math.cos)(angle(position, i));
    const expected = Float64Array.from({ length: 54 }, (_, at) => sine(Math.floor(at / 6), at % 6));
    expectNear('sinusoidal', table.toArray(), expected, { roundings: 8 });
    const x = Tensor.from(runtime, new Values(58).floats(12), [1, 2, 6]);
    const sum = x.toFloat32Array().map((value, i) => value + expected[18 + i]);
    expectNear('added', addPositions(x, table, 3).toArray(), sum, { roundings: 8 });
    const layer = own(new SinusoidalPositions(runtime, { maxLength: 9, size: 6 }));
    expectNear('layer', layer.forward(x, 3).toArray(), sum, { roundings: 8 });
    const learned = own(LearnedPositions.create(runtime, { maxLength: 4, size: 6 }, new Random(1)));
    const rows = learned.weight.toArray();
    expectEqual(
      'learned',
      learned.forward(x, 2).toArray(),
      x.toArray().map((value, i) => value + rows[12 + i]),
    );
    expectThrows('too far', 'ArgumentError', /./, () => learned.forward(x, 3));

    const turned = rotary(x, { heads: 1, table: rotaryTable(runtime, 9, 6), offset: 2 }).toArray();
    const values = x.toArray();
    const rotated = Float64Array.from({ length: 12 }, (_, at) => {
      const [t, i] = [Math.floor(at / 6), at % 6];
      const theta = (t + 2) / 10_000 ** ((i % 3) / 3);
      const [a, b] = [values[6 * t + (i % 3)], values[6 * t + 3 + (i % 3)]];
      return i < 3 ? a * Math.cos(theta) - b * Math.sin(theta) : a * Math.sin(theta) + b * Math.cos(theta);
    });
    expectNear('rotary', turned, rotated, { roundings: 8 });
  },
};
