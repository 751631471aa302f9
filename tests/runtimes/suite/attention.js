// Attention, fused: masks, lengths, causality, grouped heads, and the weights it returns.
import { expectEqual, expectNear, expectThrows } from './expectations.js';
import * as reference from './references.js';
import { sourceOf, Values, weightsOf } from './values.js';

export const needs = ['heed'];

const [batch, heads, size] = [2, 3, 8];
const width = heads * size;

/** Projected queries, keys and values. */
function rowsOf({ runtime, heed: { Tensor } }, queries, keys) {
  const values = new Values(11);
  const flat = [queries, keys, keys].map((rows) => values.floats(batch * rows * width, 2));
  const tensors = flat.map((each, i) => Tensor.from(runtime, each, [batch, i === 0 ? queries : keys, width]));
  return { flat, tensors };
}

const arithmetic = (keys) => ({ roundings: size + keys + 16, approximations: 1, magnitude: 2 });

export const scoped = {
  'sees everything by default': (context) => {
    const { flat, tensors } = rowsOf(context, 5, 37);
    const expected = reference.attention(...flat, { batch, heads, queries: 5, keys: 37, size });
    const { output, weights } = context.heed.attention(...tensors, { heads, returnWeights: true });
    expectNear('output', output.toArray(), expected.output, arithmetic(37));
    expectEqual('shape', weights.shape, [batch, heads, 5, 37]);
    expectNear('weights', weights.toArray(), expected.weights, arithmetic(37));
    const fused = context.heed.attention(...tensors, { heads });
    expectEqual('no weights', fused.weights, undefined);
    expectNear('fused', fused.output.toArray(), expected.output, arithmetic(37));
  },

  'causal, behind a past, and within lengths': (context) => {
    const { runtime, heed } = context;
    const { flat, tensors } = rowsOf(context, 4, 9);
    const lengths = [9, 0];
    // Four queries at the end of nine keys: the first one sees six.
    const visible = (b, i, j) => j < 6 + i && j < lengths[b];
    const expected = reference.attention(...flat, { batch, heads, queries: 4, keys: 9, size, visible });
    const { output } = heed.attention(...tensors, {
      heads,
      causal: true,
      lengths: heed.Tensor.from(runtime, lengths, [batch], 'i32'),
    });
    expectNear('output', output.toArray(), expected.output, arithmetic(9));
  },

  'masks, of integers and of floats': (context) => {
    const { runtime, heed } = context;
    const { attention, additiveMask, Tensor } = heed;
    const { flat, tensors } = rowsOf(context, 5, 13);
    const seen = new Values(12).integers(5 * 13, 2);
    const visible = (_, i, j) => seen[i * 13 + j] === 1;
    const expected = reference.attention(...flat, { batch, heads, queries: 5, keys: 13, size, visible });
    const mask = Tensor.from(runtime, seen, [5, 13], 'i32');
    const added = additiveMask(mask);
    expectEqual(
      'added',
      added.toArray(),
      seen.map((one) => (one ? 0 : -Infinity)),
    );
    for (const each of [mask, added]) {
      const { output, weights } = attention(...tensors, { heads, mask: each, returnWeights: true });
      expectNear('output', output.toArray(), expected.output, arithmetic(13));
      expectNear('weights', weights.toArray(), expected.weights, arithmetic(13));
    }
    const wrong = Tensor.from(
      runtime,
      seen.map((one) => 2 * one),
      [5, 13],
      'i32',
    );
    expectThrows('mask of 2', 'ArgumentError', /mask/, () => attention(...tensors, { heads, mask: wrong }));
    expectThrows('heads', 'ShapeError', /5 heads/, () => attention(...tensors, { heads: 5 }));
  },

  'grouped keys and values': ({ runtime, heed: { attention, Tensor } }) => {
    const values = new Values(13);
    const [q, k, v] = [4, 2, 2].map((count) => values.floats(7 * count * size));
    const shared = (x) => {
      // Each head of the two serves two queries' heads in a row.
      const rows = Array.from({ length: 7 }, (_, t) =>
        [0, 0, 1, 1].flatMap((h) => [...x.slice((t * 2 + h) * size, (t * 2 + h + 1) * size)]),
      );
      return rows.flat();
    };
    const sizes = { batch: 1, heads: 4, queries: 7, keys: 7, size };
    const expected = reference.attention(q, shared(k), shared(v), sizes);
    const tensors = [q, k, v].map((x, i) => Tensor.from(runtime, x, [1, 7, (i === 0 ? 4 : 2) * size]));
    const { output } = attention(...tensors, { heads: 4, keyValueHeads: 2 });
    expectNear('output', output.toArray(), expected.output, arithmetic(7));
  },

  MultiHeadAttention: (context) => {
    const { runtime, own, heed } = context;
    const { MultiHeadAttention, Tensor } = heed;
    const weights = weightsOf({
      in_proj_weight: [3 * width, width],
      in_proj_bias: [3 * width],
      'out_proj.weight': [width, width],
      'out_proj.bias': [width],
    });
    const of = (name) => weights.get(name).values;
    const [queries, keys] = [5, 5];
    const x = new Values(14).floats(batch * queries * width, 2);
    const [q, k, v] = [0, 1, 2].map((part) => {
      const w = of('in_proj_weight').subarray(part * width * width, (part + 1) * width * width);
      const b = of('in_proj_bias').subarray(part * width, (part + 1) * width);
      return reference.linear(x, w, b, batch * queries, width, width);
    });
    const visible = (_, i, j) => j <= i;
    const attended = reference.attention(q, k, v, { batch, heads, queries, keys, size, visible });
    const out = reference.linear(
      ...[attended.output, of('out_proj.weight'), of('out_proj.bias')],
      ...[batch * queries, width, width],
    );
    const layer = own(MultiHeadAttention.load(runtime, sourceOf(weights), { modelSize: width, heads }));
    const input = Tensor.from(runtime, x, [batch, queries, width]);
    const perHead = layer.forward(input, input, input, { mask: 'causal', returnWeights: 'per-head' });
    const rounding = { roundings: 4 * width, approximations: 1, magnitude: 4 };
    expectNear('output', perHead.output.toArray(), out, rounding);
    expectNear('weights', perHead.weights.toArray(), attended.weights, rounding);
    const mean = layer.forward(input, input, input, { causal: true, returnWeights: 'mean' });
    expectEqual('mean', mean.weights.shape, [batch, queries, keys]);
    expectEqual('parameters', [...layer.parameters().keys()].sort(), [...weights.keys()].sort());
    const config = { modelSize: width, heads: 5 };
    expectThrows('heads', 'ArgumentError', /divide/, () =>
      MultiHeadAttention.load(runtime, sourceOf(weights), config),
    );
  },
};
