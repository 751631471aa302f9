import {
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
} from '../../../src/layers/multiHeadAttention.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import { evaluate, outputsOf, parametersOf } from '../evaluate.ts';
import { maskOptions } from '../masks.ts';
import { NotRun } from '../options.ts';
import type { Runners } from '../runner.ts';

export const multiHeadAttentionRunners: Runners = {
  'nn.MultiheadAttention': (fixture) => {
    const { options, call, runtime } = fixture;
    options.only('batch_first', true, false);
    for (const name of ['add_bias_kv', 'add_zero_attn']) options.only(name, false);
    options.only('dropout', 0);
    const heads = options.number('num_heads');
    const config = {
      modelSize: options.number('embed_dim'),
      heads,
      bias: options.flag('bias', true),
      keySize: options.optionalNumber('kdim'),
      valueSize: options.optionalNumber('vdim'),
      prefix: 'w.',
    };
    // What the tensors say as well.
    for (const name of ['self_attention', 'key_padding_mask', 'attn_mask']) call.get(name);
    const average = call.flag('average_attn_weights', true);
    const returnWeights = call.flag('need_weights', true) ? (average ? 'mean' : 'per-head') : false;

    const query = fixture.tensor('in.query');
    const [key, value] = ['in.key', 'in.value'].map((name) => fixture.optional(name));
    if (query.shape.length !== 3) throw new NotRun('heed has multi-head attention over batches only');
    const [batch, queries] = query.shape as [number, number, number];
    const sizes = { batch, heads, queries, keys: (key ?? query).shape[1]! };
    const masks = { mask: 'in.attn_mask', padding: 'in.key_padding_mask' };
    const [mask, ...sameMasks] = maskOptions(fixture, masks, sizes);
    const layer = fixture.own(MultiHeadAttention.load(runtime, fixture.source, config));
    const compute = (wanted: MultiHeadAttentionOptions) => (): Record<string, Tensor> => {
      const { output, weights } = layer.forward(query, key, value, wanted);
      return { y: output, ...(weights && { weights }) };
    };
    const parameters = parametersOf(layer, { 'in.query': query, 'in.key': key, 'in.value': value });
    const comparisons = evaluate(fixture, parameters, compute({ ...mask, returnWeights }));
    // Fused, where no weights are asked for and nothing is recorded.
    for (const same of [mask, ...sameMasks]) comparisons.push(...outputsOf(fixture, compute(same)));
    return { comparisons };
  },
};
