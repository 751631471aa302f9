/** Multi-head and scaled dot-product attention against PyTorch. */
import { MultiHeadAttention, type MultiHeadAttentionOptions } from '../../src/layers/multiHeadAttention.ts';
import { attention } from '../../src/ops/attention.ts';
import { mergeHeads } from '../../src/ops/heads.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { weightedLoss } from '../support/gradientCheck.ts';
import { hiddenAsLengths } from '../support/masks.ts';
import { fixtureNames, type TorchCase, torchCases } from '../support/torchFixtures.ts';

/** What a padding mask [batch, keys] (true: not allowed) leaves of each row. */
function lengthsOf(fixture: TorchCase): Tensor | undefined {
  if (!fixture.has('in.key_padding_mask')) return undefined;
  const [batch, keys] = fixture.stored('in.key_padding_mask').shape as [number, number];
  const lengths = hiddenAsLengths(fixture.floats('in.key_padding_mask'), keys);
  return Tensor.from(fixture.runtime, lengths, [batch], 'i32');
}

/** Torch's mask (true: not allowed, or added), [queries, keys] or [batch * heads, queries, keys]. */
function maskOf(fixture: TorchCase, heads: number): Tensor | undefined {
  if (!fixture.has('in.attn_mask')) return undefined;
  const { dtype, shape } = fixture.stored('in.attn_mask');
  const values = fixture.floats('in.attn_mask');
  const added = dtype === 'BOOL' ? values.map((hidden) => (hidden ? -Infinity : 0)) : values;
  const [items, queries, keys] = shape as [number, number, number];
  const ours = shape.length === 2 ? shape : [items / heads, heads, queries, keys];
  return Tensor.from(fixture.runtime, added, ours);
}

const selfAttention = [
  'self',
  'self_nobias',
  'self_simd',
  'self_perhead',
  'self_causal_bool',
  'self_causal_float',
  'self_bias_float',
  'self_padding',
  'self_causal_padding',
  'self_noweights',
  'self_perhead_mask',
];
const crossAttention = ['cross', 'cross_kdim_vdim', 'cross_kdim_vdim_nobias', 'single_head', 'single_query'];

torchCases(
  'layers',
  [...selfAttention, ...crossAttention].map((name) => `mha_${name}`),
  (fixture) => {
    const { embed_dim, num_heads, bias, kdim, vdim } = fixture.row.ctor as Record<string, number>;
    const layer = MultiHeadAttention.load(fixture.runtime, fixture.source, {
      modelSize: embed_dim!,
      heads: num_heads!,
      bias: Boolean(bias),
      keySize: kdim,
      valueSize: vdim,
      prefix: 'w.',
    });
    const inputs = ['query', 'key', 'value'].filter((name) => fixture.has(`in.${name}`));
    const [query, key, value] = inputs.map((name) => fixture.tensor(`in.${name}`)) as [
      Tensor,
      Tensor?,
      Tensor?,
    ];
    const mask = fixture.row.case === 'mha_self_causal_padding' ? 'causal' : maskOf(fixture, num_heads!);
    const shape = fixture.has('out.weights') ? fixture.stored('out.weights').shape : undefined;
    const options: MultiHeadAttentionOptions = { mask, lengths: lengthsOf(fixture) };
    const seen = { ...options, returnWeights: shape && (shape.length === 3 ? 'mean' : 'per-head') } as const;

    // Fused, then with weights.
    fixture.expectEqual('out', 'y', layer.forward(query, key, value, options).output.toArray());
    const { output, weights } = layer.forward(query, key, value, seen);
    fixture.expectEqual('out', 'y', output.toArray());
    if (weights) fixture.expectEqual('out', 'weights', weights.toArray());

    const cotangents = ['y', 'weights'].filter((name) => fixture.has(`in.cotangent.${name}`));
    const parameters = fixtureNames(layer);
    inputs.forEach((name, i) => {
      parameters.set(`in.${name}`, [query, key, value][i]!);
    });
    const { gradients } = fixture.runtime.gradients(() => {
      const result = layer.forward(query, key, value, seen);
      const outputs = result.weights ? [result.output, result.weights] : [result.output];
      return weightedLoss(
        outputs,
        cotangents.map((name) => fixture.floats(`in.cotangent.${name}`)),
      );
    }, parameters);
    fixture.expectGradients(gradients);
    layer.dispose();
  },
);

torchCases(
  'layers',
  ['plain', 'causal', 'padding', 'causal_padding', 'causal_cache', 'simd'].map((name) => `sdpa_${name}`),
  (fixture) => {
    const [q, k, v] = ['in.q', 'in.k', 'in.v'].map((name) => fixture.tensor(name)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const heads = q.shape[1]!;
    // Torch has [batch, heads, rows, size].
    const rowsOf = (x: Tensor) =>
      mergeHeads(x.reshape([x.shape[0]! * heads, x.shape[2]!, x.shape[3]!]), heads);
    const lengths = fixture.has('in.lengths') ? fixture.tensor('in.lengths') : undefined;
    const options = {
      heads,
      lengths,
      causal: fixture.row.case.includes('causal') || fixture.row.case === 'sdpa_simd',
    };
    const rows = fixture.floats('out.y').length / (q.shape[0]! * heads * v.shape[3]!);
    /** Our rows of heads side by side, in torch's order. */
    const split = (y: Float32Array) => {
      const size = v.shape[3]!;
      return y.map((_, i) => {
        const [b, head] = [Math.floor(i / (heads * rows * size)), Math.floor(i / (rows * size)) % heads];
        const [row, column] = [Math.floor(i / size) % rows, i % size];
        return y[((b * rows + row) * heads + head) * size + column]!;
      });
    };
    const compute = () => attention(rowsOf(q), rowsOf(k), rowsOf(v), { ...options, returnWeights: true });
    const fused = attention(rowsOf(q), rowsOf(k), rowsOf(v), options).output;
    fixture.expectEqual('out', 'y', split(fused.toFloat32Array()));
    const { output, weights } = compute();
    fixture.expectEqual('out', 'y', split(output.toFloat32Array()));
    fixture.expectEqual('out', 'weights', weights.toArray());

    const cotangent = Tensor.from(fixture.runtime, fixture.floats('in.cotangent.y'), [
      q.shape[0]! * heads,
      rows,
      v.shape[3]!,
    ]);
    const cotangents = [mergeHeads(cotangent, heads).toArray(), fixture.floats('in.cotangent.weights')];
    const { gradients } = fixture.runtime.gradients(
      () => {
        const result = compute();
        return weightedLoss([result.output, result.weights], cotangents);
      },
      new Map([
        ['in.q', q],
        ['in.k', k],
        ['in.v', v],
      ]),
    );
    fixture.expectGradients(gradients);
  },
);
