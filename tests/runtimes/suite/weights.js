// Files of weights, and weights in 8 bits.
import { expectEqual, expectNear, expectThrows, expectTrue } from './expectations.js';
import * as reference from './references.js';
import { sourceOf, storedFloats, Values, weightsOf } from './values.js';

export const needs = ['heed'];

export const scoped = {
  'safetensors: what is written is read': ({ heed: { readSafetensors, writeSafetensors } }) => {
    const tensors = {
      floats: storedFloats(new Values(41).floats(6), [2, 3]),
      integers: { dtype: 'I64', shape: [2], bytes: new Uint8Array(new BigInt64Array([1n, -2n]).buffer) },
      empty: { dtype: 'F16', shape: [0, 4], bytes: new Uint8Array(0) },
    };
    const file = writeSafetensors(tensors, { metadata: { format: 'pt', note: 'ä' } });
    const source = readSafetensors(file);
    expectEqual('names', [...source.names()].sort(), ['empty', 'floats', 'integers']);
    expectEqual('metadata', source.metadata, { format: 'pt', note: 'ä' });
    for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
      const read = source.get(name);
      expectEqual(name, [read.dtype, read.shape, [...read.bytes]], [dtype, shape, [...bytes]]);
    }
    expectEqual('of a buffer', readSafetensors(file.slice().buffer).names().length, 3);
    expectEqual('missing', source.get('other'), undefined);
    expectThrows('cut', 'FormatError', /./, () => readSafetensors(file.subarray(0, file.length - 1)));
    expectThrows('no file', 'FormatError', /./, () => readSafetensors(new Uint8Array(4)));
  },

  conversions: ({ heed: { fromFloat32, toFloat32, toInt32 } }) => {
    const values = Float32Array.from([0, -0.5, 1, 1.5, 65504, -(2 ** -24)]);
    for (const dtype of ['F32', 'F16', 'BF16']) {
      const stored = fromFloat32(values, [6], dtype);
      const exact = dtype === 'BF16' ? values.map((x) => (x === 65504 ? 65536 : x)) : values;
      expectEqual(dtype, toFloat32(stored), exact);
    }
    const integers = { dtype: 'I64', shape: [2], bytes: new Uint8Array(new BigInt64Array([7n, -7n]).buffer) };
    expectEqual('integers', toInt32(integers), [7, -7]);
  },

  'quantize: a scale for each row': ({
    heed: { quantize, readSafetensors, toFloat32, writeSafetensors },
  }) => {
    const weights = weightsOf({ weight: [19, 33], bias: [19] });
    const small = quantize(sourceOf(weights));
    const read = readSafetensors(writeSafetensors(small));
    const [integers, scales] = [read.get('weight'), toFloat32(read.get('weight.scale'))];
    expectEqual('stored', [integers.dtype, integers.shape], ['I8', [19, 33]]);
    const { values } = weights.get('weight');
    new Int8Array(integers.bytes.buffer, integers.bytes.byteOffset, 19 * 33).forEach((value, i) => {
      const scale = scales[Math.floor(i / 33)];
      expectTrue(`[${i}] is within half a step`, Math.abs(value * scale - values[i]) <= 0.5001 * scale);
    });
    expectEqual('bias', toFloat32(read.get('bias')), weights.get('bias').values);
  },

  'int8: products of 8-bit weights': ({ runtime, own, heed }) => {
    const { Int8Weight, Linear, linear, quantize, Tensor, toFloat32 } = heed;
    const [rows, inputs, outputs] = [6, 99, 37];
    const small = quantize(sourceOf(weightsOf({ weight: [outputs, inputs], bias: [outputs] })));
    const [integers, scales] = [small.get('weight'), toFloat32(small.get('weight.scale'))];
    const bytes = new Int8Array(integers.bytes.buffer, integers.bytes.byteOffset, outputs * inputs);
    const weight = Float64Array.from(bytes, (value, i) => value * scales[Math.floor(i / inputs)]);
    const x = new Values(42).floats(rows * inputs, 4);
    const layer = own(Linear.load(runtime, small, { inputs, outputs, arithmetic: 'int8' }));
    expectTrue('is in 8 bits', layer.weight instanceof Int8Weight);
    const bias = toFloat32(small.get('bias'));
    // Several rows are rounded to 7 bits, half a step of 4 / 63 each; a single one to 16.
    const room = (steps) =>
      ((0.51 * 4) / steps) * scales.reduce((a, b) => Math.max(a, b)) * 127 * Math.sqrt(inputs) * 5;
    for (const [count, steps] of [
      [rows, 63],
      [1, 32767],
    ]) {
      const input = Tensor.from(runtime, x.subarray(0, count * inputs), [count, inputs]);
      const expected = reference.linear(x, weight, bias, count, inputs, outputs);
      const off = layer
        .forward(input)
        .toFloat32Array()
        .map((value, i) => Math.abs(value - expected[i]));
      expectTrue(`${count} rows`, Math.max(...off) <= room(steps));
    }
    const packed = own(Int8Weight.pack(runtime, integers, small.get('weight.scale')));
    const one = Tensor.from(runtime, x.subarray(0, inputs), [1, inputs]);
    const expected = reference.linear(x, weight, undefined, 1, inputs, outputs);
    expectNear('packed', linear(one, packed).toArray(), expected, {
      roundings: 16 * inputs,
      approximations: 8,
    });
  },

  'int8: an LSTM is near the one in floats': ({ runtime, own, heed: { LSTM, quantize, Tensor } }) => {
    const config = { inputSize: 12, hiddenSize: 20 };
    const weights = weightsOf({
      ...{ weight_ih_l0: [80, 12], weight_hh_l0: [80, 20], bias_ih_l0: [80], bias_hh_l0: [80] },
    });
    const small = quantize(sourceOf(weights));
    const layers = ['f32', 'int8'].map((arithmetic) =>
      own(LSTM.load(runtime, small, { ...config, arithmetic })),
    );
    const x = Tensor.from(runtime, new Values(43).floats(2 * 6 * 12), [2, 6, 12]);
    const [exact, rounded] = layers.map((layer) => layer.forward(x).output.toFloat32Array());
    const off = rounded.map((value, i) => Math.abs(value - exact[i])).reduce((a, b) => Math.max(a, b));
    // Activations in 7 bits: each of 12 inputs is off by at most 1 / 126, on weights below 0.3, over six steps.
    expectTrue(`off by ${off}`, off > 0 && off <= (6 * Math.sqrt(12) * 0.3 * 5) / 126);
    const floats = () => LSTM.load(runtime, sourceOf(weights), { ...config, arithmetic: 'int8' });
    expectThrows('no 8 bits', 'FormatError', /int8/, floats);
  },
};
