// Convolution, pooling, and the small ops that only models need.
import { expectEqual, expectNear, expectThrows } from './expectations.js';
import { sourceOf, Values, weightsOf } from './values.js';

export const needs = ['heed', 'models'];

/** x [inputs, height, width] under kernels [outputs, inputs, 3, 3], padded by 1: [outputs, height, width]. */
function convolved(x, weight, bias, { inputs, outputs, height, width }) {
  const y = new Float64Array(outputs * height * width);
  const at = (c, i, j) => (i < 0 || j < 0 || i >= height || j >= width ? 0 : x[(c * height + i) * width + j]);
  for (let place = 0; place < y.length; place++) {
    const [o, i, j] = [
      Math.floor(place / (height * width)),
      Math.floor(place / width) % height,
      place % width,
    ];
    y[place] = bias[o];
    for (let c = 0; c < inputs; c++) {
      for (let k = 0; k < 9; k++) {
        y[place] += weight[(o * inputs + c) * 9 + k] * at(c, i + Math.floor(k / 3) - 1, j + (k % 3) - 1);
      }
    }
  }
  return y;
}

export const scoped = {
  'two axes': ({ runtime, own, heed: { Tensor }, models: { Conv2d, conv2d } }) => {
    const sizes = { inputs: 3, outputs: 4, height: 7, width: 6 };
    const weights = weightsOf({ weight: [4, 3, 3, 3], bias: [4] });
    const [w, b] = [...weights.values()].map(({ values }) => values);
    const x = new Values(61).floats(3 * 7 * 6);
    const input = Tensor.from(runtime, x, [1, 3, 7, 6]);
    const expected = convolved(x, w, b, sizes);
    const arithmetic = { roundings: 28, magnitude: 2 };
    const config = { inputs: 3, outputs: 4, kernel: 3, padding: 1 };
    const layer = own(Conv2d.load(runtime, sourceOf(weights), config));
    expectNear('layer', layer.forward(input).toArray(), expected, arithmetic);
    const y = conv2d(input, layer.weight, layer.bias, { padding: 1, activation: 'relu' });
    expectNear(
      'op',
      y.toArray(),
      expected.map((value) => Math.max(0, value)),
      arithmetic,
    );
    const grouped = () => conv2d(input, layer.weight, layer.bias, { groups: 2 });
    expectThrows('groups', 'ArgumentError', /groups/, grouped);
  },

  'one axis': ({ runtime, own, heed: { Tensor }, models: { Conv1d, conv1d } }) => {
    const x = Tensor.from(runtime, [1, 2, 3, 4, 5], [1, 1, 5]);
    const kernel = Tensor.from(runtime, [1, 0, -1], [1, 1, 3]);
    expectEqual('op', conv1d(x, kernel, undefined, { padding: 1, stride: 2 }).toArray(), [-2, -2, 4]);
    const weights = weightsOf({ weight: [2, 1, 3], bias: [2] });
    const [w, b] = [...weights.values()].map(({ values }) => values);
    const expected = [0, 1].flatMap((o) =>
      [1, 2, 3].map((at) => b[o] + [0, 1, 2].reduce((sum, k) => sum + w[3 * o + k] * (at + k), 0)),
    );
    const layer = own(Conv1d.load(runtime, sourceOf(weights), { inputs: 1, outputs: 2, kernel: 3 }));
    expectNear('layer', layer.forward(x).toArray(), expected, { roundings: 4, magnitude: 10 });
  },

  pooling: ({ runtime, heed: { Tensor }, models: { maxPool1d, maxPool2d } }) => {
    const x = Tensor.from(runtime, [1, 5, 2, 8, 3, 9, 4, 7], [1, 1, 2, 4]);
    expectEqual('two axes', maxPool2d(x, 2).toArray(), [9, 8]);
    expectEqual('one axis', maxPool1d(x.reshape([1, 1, 8]), 3, { stride: 2 }).toArray(), [5, 8, 9]);
  },

  'entropy, l2Normalize, gaussianWindow': ({ runtime, heed: { Tensor }, models }) => {
    const { entropy, gaussianWindow, l2Normalize } = models;
    const weights = Tensor.from(runtime, [0.5, 0.5, 0, 0.25, 0.25, 0.5], [2, 3]);
    const nats = [Math.log(2), 1.5 * Math.log(2)];
    expectNear('entropy', entropy(weights).toArray(), nats, { roundings: 4, approximations: 1 });
    const unit = l2Normalize(Tensor.from(runtime, [3, 4, 0, 0], [2, 2])).toArray();
    expectNear('unit', unit, [0.6, 0.8, 0, 0], { roundings: 4 });
    const centres = Tensor.from(runtime, [1, 0.5], [2]);
    const window = (w, j, centre) => w * Math.exp(-((j - centre) ** 2) / 2);
    const expected = Array.from(weights.toArray(), (w, at) => window(w, at % 3, at < 3 ? 1 : 0.5));
    const actual = gaussianWindow(weights, centres, 2).toArray();
    expectNear('window', actual, expected, { roundings: 8, approximations: 1 });
  },
};
