/** Where a T5 checkpoint keeps what the model asks for. */
import type { Layout, Stored } from '../../layers/layout.ts';

function attention(name: string, stored: string): [string, Stored | Stored[]][] {
  return [
    [`${name}.in_proj_weight`, ['q', 'k', 'v'].map((each) => `${stored}.${each}.weight`)],
    [`${name}.out_proj.weight`, `${stored}.o.weight`],
  ];
}

/** @param last number of the feed-forward network among a block's sublayers */
function block(side: 'encoder' | 'decoder', gated: boolean): [string, Stored | Stored[]][] {
  const name = `${side}.*`;
  const stored = `${side}.block.*.layer`;
  const last = side === 'encoder' ? 1 : 2;
  const dense = `${stored}.${last}.DenseReluDense`;
  return [
    ...attention(`${name}.self_attn`, `${stored}.0.SelfAttention`),
    [`${name}.self_attn.norm.weight`, `${stored}.0.layer_norm.weight`],
    ...(side === 'encoder'
      ? []
      : [
          ...attention(`${name}.multihead_attn`, `${stored}.1.EncDecAttention`),
          [`${name}.multihead_attn.norm.weight`, `${stored}.1.layer_norm.weight`] as [string, Stored],
        ]),
    ...(gated
      ? [
          [`${name}.feedForward.gate_proj.weight`, `${dense}.wi_0.weight`] as [string, Stored],
          [`${name}.feedForward.up_proj.weight`, `${dense}.wi_1.weight`] as [string, Stored],
        ]
      : [[`${name}.feedForward.up_proj.weight`, `${dense}.wi.weight`] as [string, Stored]]),
    [`${name}.feedForward.down_proj.weight`, `${dense}.wo.weight`],
    [`${name}.feedForward.norm.weight`, `${stored}.${last}.layer_norm.weight`],
  ];
}

export function t5Layout(gated: boolean): Layout {
  const table = 'block.0.layer.0.SelfAttention.relative_attention_bias.weight';
  return {
    ...Object.fromEntries([...block('encoder', gated), ...block('decoder', gated)]),
    'words.weight': 'shared.weight',
    'encoder.positions.weight': `encoder.${table}`,
    'decoder.positions.weight': `decoder.${table}`,
    'encoder.norm.weight': 'encoder.final_layer_norm.weight',
    'decoder.norm.weight': 'decoder.final_layer_norm.weight',
    'head.weight': 'lm_head.weight',
  };
}

/** Copies of the shared table, and a bias that no computation uses. */
export const t5Ignored: readonly RegExp[] = [
  /^(encoder|decoder)\.embed_tokens\.weight$/,
  /^decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight$/,
];
