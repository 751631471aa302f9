// Ops against their equations in double precision.
import { expectEqual, expectNear, expectThrows } from './expectations.js';
import * as reference from './references.js';
import { Values } from './values.js';

export const needs = ['heed'];

export const scoped = {
  'add, multiply, scale, sum': ({ runtime, heed: { add, multiply, scale, sum, Tensor } }) => {
    const values = new Values();
    const [a, b] = [values.floats(1001), values.floats(1001)];
    const [x, y] = [a, b].map((each) => Tensor.from(runtime, each));
    const once = { roundings: 1 };
    expectNear(
      'add',
      add(x, y).toArray(),
      a.map((value, i) => value + b[i]),
      once,
    );
    expectNear(
      'multiply',
      multiply(x, y).toArray(),
      a.map((value, i) => value * b[i]),
      once,
    );
    expectNear(
      'scale',
      scale(x, 0.3).toArray(),
      a.map((value) => value * 0.3),
      once,
    );
    const total = a.reduce((sum, value) => sum + value, 0);
    const magnitude = a.reduce((sum, value) => sum + Math.abs(value), 0);
    expectNear('sum', [sum(x).item()], [total], { roundings: 1001, magnitude });
  },

  'exp, tanh, sigmoid and the activations': ({ runtime, heed }) => {
    const { exp, gelu, geluTanh, relu, sigmoid, silu, tanh, Tensor } = heed;
    const values = new Values(2).floats(1003, 4);
    const x = Tensor.from(runtime, values);
    const functions = { gelu, geluTanh, relu, sigmoid, silu, tanh };
    for (const [name, op] of Object.entries(functions)) {
      const expected = Float64Array.from(values, reference.activations[name]);
      expectNear(name, op(x).toArray(), expected, { roundings: 4, approximations: 1 });
    }
    // Relative: from e^-4 to e^4.
    const ratios = exp(x)
      .toFloat32Array()
      .map((value, i) => value / Math.exp(values[i]));
    expectNear(
      'exp',
      ratios,
      ratios.map(() => 1),
      { roundings: 4, approximations: 1 },
    );
    expectEqual('exp of infinities', exp(Tensor.from(runtime, [-Infinity, 0, Infinity])).toArray(), [
      0,
      1,
      Infinity,
    ]);
  },

  'matmul, plain, batched and transposed': ({ runtime, heed: { matmul, Tensor } }) => {
    const values = new Values(3);
    for (const [rows, depth, columns] of [
      [1, 1, 1],
      [7, 19, 5],
      [33, 65, 41],
      [1, 301, 17],
    ]) {
      const [a, b] = [values.floats(2 * rows * depth), values.floats(2 * depth * columns)];
      const expected = [0, 1].flatMap((item) => [
        ...reference.product(
          a.subarray(item * rows * depth),
          b.subarray(item * depth * columns),
          ...[rows, depth, columns],
        ),
      ]);
      const batched = matmul(
        Tensor.from(runtime, a, [2, rows, depth]),
        Tensor.from(runtime, b, [2, depth, columns]),
      );
      expectNear('batched', batched.toArray(), expected, { roundings: depth, magnitude: Math.sqrt(depth) });
      const right = Float32Array.from(
        { length: columns * depth },
        (_, i) => b[(i % depth) * columns + Math.floor(i / depth)],
      );
      const plain = matmul(
        Tensor.from(runtime, a.subarray(0, rows * depth), [rows, depth]),
        Tensor.from(runtime, right, [columns, depth]),
        { transposeB: true },
      );
      const first = expected.slice(0, rows * columns);
      expectNear('transposed', plain.toArray(), first, { roundings: depth, magnitude: Math.sqrt(depth) });
    }
  },

  'linear with bias and every activation': ({
    runtime,
    own,
    heed: { addLinear, linear, PackedWeight, Tensor },
  }) => {
    const values = new Values(4);
    const [rows, inputs, outputs] = [9, 37, 21];
    const [x, w, b] = [rows * inputs, outputs * inputs, outputs].map((size) => values.floats(size, 0.5));
    const input = Tensor.from(runtime, x, [rows, inputs]);
    const weight = own(new PackedWeight(Tensor.from(runtime, w, [outputs, inputs])));
    const plain = reference.linear(x, w, b, rows, inputs, outputs);
    const arithmetic = { roundings: inputs + 1, approximations: 1, magnitude: Math.sqrt(inputs) / 2 };
    for (const [name, activation] of Object.entries(reference.activations)) {
      const y = linear(input, weight, Tensor.from(runtime, b), name);
      expectNear(name, y.toArray(), plain.map(activation), arithmetic);
    }
    const base = Tensor.from(runtime, new Float32Array(rows * outputs).fill(0.25), [rows, outputs]);
    const sum = addLinear(base, input, weight).toArray();
    const expected = reference.linear(x, w, undefined, rows, inputs, outputs).map((value) => value + 0.25);
    expectNear('addLinear', sum, expected, arithmetic);
    expectThrows('unknown', 'ArgumentError', /activation/, () => linear(input, weight, undefined, 'swish'));
  },

  'softmax and logSoftmax, masked and not': ({ runtime, heed: { logSoftmax, softmax, Tensor } }) => {
    const [rows, columns] = [6, 29];
    const values = new Values(5).floats(rows * columns, 4);
    const x = Tensor.from(runtime, values, [2, 3, columns]);
    const arithmetic = { roundings: columns + 16, approximations: 1 };
    const plain = reference.softmax(values, columns);
    expectNear('softmax', softmax(x).toArray(), plain, arithmetic);
    expectNear('logSoftmax', logSoftmax(x).toArray(), plain.map(Math.log), arithmetic);
    const lengths = Tensor.from(runtime, [11, 0], [2], 'i32');
    const additive = new Float32Array(3 * columns).map((_, i) => (i % 7 === 3 ? -Infinity : 0));
    const visible = (row, j) => j < [11, 0][Math.floor(row / 3)] && additive[(row % 3) * columns + j] === 0;
    const masked = softmax(x, { additive: Tensor.from(runtime, additive, [3, columns]), lengths });
    expectNear('masked', masked.toArray(), reference.softmax(values, columns, visible), arithmetic);
  },

  norms: ({ runtime, heed: { layerNorm, rmsNorm, Tensor } }) => {
    const [rows, columns] = [5, 43];
    const values = new Values(6);
    const [x, w, b] = [rows * columns, columns, columns].map((size) => values.floats(size, 2));
    const [input, weight, bias] = [
      Tensor.from(runtime, x, [rows, columns]),
      Tensor.from(runtime, w),
      Tensor.from(runtime, b),
    ];
    const arithmetic = { roundings: 2 * columns + 8 };
    const affine = reference.layerNorm(x, columns, { weight: w, bias: b });
    expectNear('layerNorm', layerNorm(input, { weight, bias }).toArray(), affine, arithmetic);
    expectNear('plain', layerNorm(input).toArray(), reference.layerNorm(x, columns), arithmetic);
    const root = reference.rmsNorm(x, columns, { weight: w });
    expectNear('rmsNorm', rmsNorm(input, { weight }).toArray(), root, arithmetic);
  },

  'embedding, concatenate, stack': ({ runtime, heed: { concatenate, embedding, stack, Tensor } }) => {
    const table = Tensor.from(runtime, [0, 1, 2, 3, 4, 5], [3, 2]);
    const rows = embedding(table, Tensor.from(runtime, [2, 0, 2], [3], 'i32'));
    expectEqual('rows', rows.toArray(), [4, 5, 0, 1, 4, 5]);
    const unknown = Tensor.from(runtime, [3], [1], 'i32');
    expectThrows('unknown', 'ArgumentError', /3/, () => embedding(table, unknown));
    expectEqual('concatenated', concatenate([table, rows]).toArray(), [0, 1, 4, 5, 2, 3, 0, 1, 4, 5, 4, 5]);
    expectEqual('stacked', stack([table, table]).toArray(), [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
  },

  'crossEntropy and its rows': ({ runtime, heed: { crossEntropy, crossEntropyRows, Tensor } }) => {
    const [rows, classes] = [5, 13];
    const values = new Values(7).floats(rows * classes, 4);
    const targets = [3, 12, 0, 7, 7];
    const logits = Tensor.from(runtime, values, [rows, classes]);
    const ids = Tensor.from(runtime, targets, [rows], 'i32');
    const probabilities = reference.softmax(values, classes);
    const losses = targets.map((id, row) => -Math.log(probabilities[row * classes + id]));
    const arithmetic = { roundings: classes, approximations: 2 };
    expectNear('rows', crossEntropyRows(logits, ids).toArray(), losses, arithmetic);
    const counted = losses.filter((_, row) => targets[row] !== 7);
    const mean = counted.reduce((a, b) => a + b, 0) / counted.length;
    expectNear('mean', [crossEntropy(logits, ids, { ignored: 7 }).item()], [mean], arithmetic);
  },

  'dropout is the identity where nothing is recorded': ({ runtime, heed: { dropout, Tensor } }) => {
    expectEqual('values', dropout(Tensor.from(runtime, [1, 2, 3]), 0.5, 1).toArray(), [1, 2, 3]);
  },

  'scores and weighted sums': ({ runtime, heed: { additiveScore, dotScore, Tensor, weightedSum } }) => {
    const [queries, keys, size] = [3, 7, 10];
    const values = new Values(8);
    const [q, k, v] = [queries, keys, 1].map((rows) => values.floats(rows * size));
    const [query, key] = [
      Tensor.from(runtime, q, [1, queries, size]),
      Tensor.from(runtime, k, [1, keys, size]),
    ];
    const dots = reference.linear(q, k, undefined, queries, size, keys);
    expectNear(
      'dot',
      dotScore(query, key, 0.5).toArray(),
      dots.map((x) => x / 2),
      { roundings: size, magnitude: size },
    );
    const score = (i, j) =>
      v.reduce((sum, value, s) => sum + value * Math.tanh(q[i * size + s] + k[j * size + s]), 0);
    const additive = Float64Array.from({ length: queries * keys }, (_, at) =>
      score(Math.floor(at / keys), at % keys),
    );
    const actual = additiveScore(query, key, Tensor.from(runtime, v)).toArray();
    expectNear('additive', actual, additive, { roundings: size, approximations: 1, magnitude: size });
    const weights = Tensor.from(runtime, dots, [1, queries, keys]);
    const context = reference.product(dots, k, queries, keys, size);
    expectNear('weighted', weightedSum(weights, key).toArray(), context, {
      roundings: keys + size,
      magnitude: keys * size,
    });
  },

  'refuse other types and shapes': ({ runtime, heed: { add, matmul, softmax, Tensor } }) => {
    const [floats, integers] = [Tensor.zeros(runtime, [2]), Tensor.zeros(runtime, [2], 'i32')];
    expectThrows('dtype', 'DTypeError', /f32/, () => add(floats, integers));
    expectThrows('shape', 'ShapeError', /./, () => add(floats, Tensor.zeros(runtime, [3])));
    expectThrows('matmul', 'ShapeError', /./, () => matmul(floats.reshape([1, 2]), floats.reshape([1, 2])));
    floats.dispose();
    expectThrows('disposed', 'DisposedError', /./, () => softmax(floats));
  },
};
