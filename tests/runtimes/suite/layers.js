// Layers that have no time: Linear, Embedding, norms, and an encoder layer put together from its parts.
import { expectEqual, expectNear, expectThrows, expectTrue } from './expectations.js';
import * as reference from './references.js';
import { sourceOf, Values, weightsOf } from './values.js';

export const needs = ['heed'];

export const scoped = {
  Linear: ({ runtime, own, heed: { Linear, Tensor } }) => {
    const weights = weightsOf({ 'head.weight': [5, 7], 'head.bias': [5] });
    const config = { inputs: 7, outputs: 5, prefix: 'head.' };
    const layer = own(Linear.load(runtime, sourceOf(weights), config));
    const x = new Values(31).floats(3 * 7);
    const [w, b] = [...weights.values()].map(({ values }) => values);
    const y = layer.forward(Tensor.from(runtime, x, [3, 7]), 'relu');
    const expected = reference.linear(x, w, b, 3, 7, 5).map(reference.activations.relu);
    expectNear('output', y.toArray(), expected, { roundings: 8, magnitude: 2 });
  },

  Embedding: ({ runtime, own, heed: { Embedding, Random, Tensor } }) => {
    const layer = own(Embedding.create(runtime, { count: 6, size: 4, paddingId: 0 }, new Random(1)));
    const table = layer.weight.toArray();
    const y = layer.forward(Tensor.from(runtime, [5, 1, 5, 0], [2, 2], 'i32'));
    expectEqual('shape', y.shape, [2, 2, 4]);
    expectEqual(
      'rows',
      y.toArray(),
      [5, 1, 5, 0].flatMap((id) => [...table.slice(4 * id, 4 * id + 4)]),
    );
    const negative = Tensor.from(runtime, [-1], [1], 'i32');
    expectThrows('id', 'ArgumentError', /-1/, () => layer.forward(negative));
  },

  'LayerNorm and RMSNorm': ({ runtime, own, heed: { LayerNorm, RMSNorm, Tensor } }) => {
    const weights = weightsOf({ weight: [9], bias: [9] });
    const [weight, bias] = [...weights.values()].map(({ values }) => values);
    const x = new Values(32).floats(4 * 9, 2);
    const input = Tensor.from(runtime, x, [4, 9]);
    const layer = own(LayerNorm.load(runtime, sourceOf(weights), { size: 9 }));
    const expected = reference.layerNorm(x, 9, { weight, bias });
    expectNear('layer', layer.forward(input).toArray(), expected, { roundings: 32 });
    weights.delete('bias');
    const root = own(RMSNorm.load(runtime, sourceOf(weights), { size: 9 }));
    expectNear('root', root.forward(input).toArray(), reference.rmsNorm(x, 9, { weight }), { roundings: 32 });
  },

  TransformerEncoderLayer: ({ runtime, own, heed: { Tensor, TransformerEncoderLayer } }) => {
    const [batch, time, size, heads, inner] = [2, 5, 16, 4, 24];
    const weights = weightsOf({
      'self_attn.in_proj_weight': [3 * size, size],
      'self_attn.in_proj_bias': [3 * size],
      'self_attn.out_proj.weight': [size, size],
      'self_attn.out_proj.bias': [size],
      'linear1.weight': [inner, size],
      'linear1.bias': [inner],
      'linear2.weight': [size, inner],
      'linear2.bias': [size],
      ...{ 'norm1.weight': [size], 'norm1.bias': [size], 'norm2.weight': [size], 'norm2.bias': [size] },
    });
    const of = (name) => weights.get(name).values;
    const rows = batch * time;
    const x = new Values(33).floats(rows * size, 2);
    const [q, k, v] = [0, 1, 2].map((part) => {
      const w = of('self_attn.in_proj_weight').subarray(part * size * size, (part + 1) * size * size);
      const b = of('self_attn.in_proj_bias').subarray(part * size, (part + 1) * size);
      return reference.linear(x, w, b, rows, size, size);
    });
    const sizes = { batch, heads, queries: time, keys: time, size: size / heads };
    const { output, weights: maps } = reference.attention(q, k, v, sizes);
    const project = (y, name, inputs, outputs) =>
      reference.linear(y, of(`${name}.weight`), of(`${name}.bias`), rows, inputs, outputs);
    const norm = (y, name) =>
      reference.layerNorm(y, size, { weight: of(`${name}.weight`), bias: of(`${name}.bias`) });
    const plus = (a, b) => Float64Array.from(a, (value, i) => value + b[i]);
    const attended = norm(plus(x, project(output, 'self_attn.out_proj', size, size)), 'norm1');
    const wide = project(attended, 'linear1', size, inner).map(reference.activations.gelu);
    const expected = norm(plus(attended, project(wide, 'linear2', inner, size)), 'norm2');

    const config = { modelSize: size, heads, feedForwardSize: inner, activation: 'gelu' };
    const layer = own(TransformerEncoderLayer.load(runtime, sourceOf(weights), config));
    const result = layer.forward(Tensor.from(runtime, x, [batch, time, size]), { returnWeights: 'per-head' });
    // Two norms, each of which divides by a deviation that may be less than one.
    const arithmetic = { roundings: 4 * (4 * size + 2 * inner), approximations: 2 };
    expectNear('output', result.output.toArray(), expected, arithmetic);
    expectNear('weights', result.weights.toArray(), maps, { ...arithmetic, magnitude: 1 });
  },

  "parameters of one's own": ({ runtime, heed }) => {
    const { createParameters, loadParameters, Linear, Parameters, Random } = heed;
    const build = (parameters) => {
      expectTrue('is Parameters', parameters instanceof Parameters);
      return new Linear(parameters.within('inner.'), { inputs: 2, outputs: 3 });
    };
    const made = createParameters(runtime, new Random(1), build);
    expectEqual('names', [...made.parameters().keys()], ['weight', 'bias']);
    made.dispose();
    const weights = weightsOf({ 'inner.weight': [3, 2], 'inner.bias': [3] });
    const loaded = loadParameters(runtime, sourceOf(weights), '', build);
    expectEqual('bias', loaded.bias.toArray(), weights.get('inner.bias').values);
    loaded.dispose();
    weights.delete('inner.bias');
    weights.set('inner.other', { shape: [1], values: new Float32Array(1) });
    const load = () => loadParameters(runtime, sourceOf(weights), '', build);
    expectThrows('every problem', 'FormatError', /inner\.bias[\s\S]*inner\.other/, load);
  },
};
