/** Where a Marian checkpoint keeps what a TransformerSeq2Seq asks for. */
import type { Layout, Stored } from '../../layers/layout.ts';

const ends = ['weight', 'bias'];

function attention(name: string, stored: string): [string, Stored | Stored[]][] {
  return ends.flatMap((end): [string, Stored | Stored[]][] => [
    [`${name}.in_proj_${end}`, ['q_proj', 'k_proj', 'v_proj'].map((each) => `${stored}.${each}.${end}`)],
    [`${name}.out_proj.${end}`, `${stored}.out_proj.${end}`],
  ]);
}

function renamed(name: string, stored: string): [string, Stored][] {
  return ends.map((end) => [`${name}.${end}`, `${stored}.${end}`]);
}

function layer(side: 'encoder' | 'decoder'): [string, Stored | Stored[]][] {
  const [name, stored] = [`${side}.layers.*`, `model.${side}.layers.*`];
  const last = side === 'encoder' ? 'norm2' : 'norm3';
  return [
    ...attention(`${name}.self_attn`, `${stored}.self_attn`),
    ...renamed(`${name}.norm1`, `${stored}.self_attn_layer_norm`),
    ...(side === 'encoder'
      ? []
      : [
          ...attention(`${name}.multihead_attn`, `${stored}.encoder_attn`),
          ...renamed(`${name}.norm2`, `${stored}.encoder_attn_layer_norm`),
        ]),
    ...renamed(`${name}.linear1`, `${stored}.fc1`),
    ...renamed(`${name}.linear2`, `${stored}.fc2`),
    ...renamed(`${name}.${last}`, `${stored}.final_layer_norm`),
  ];
}

export const marianLayout: Layout = {
  ...Object.fromEntries([...layer('encoder'), ...layer('decoder')]),
  'embedding.weight': 'model.shared.weight',
  'out.bias': 'final_logits_bias',
};

/** Copies of the shared table, and positions that can be computed. */
export const marianIgnored: readonly RegExp[] = [
  /^model\.(encoder|decoder)\.embed_(tokens|positions)\.weight$/,
  /^lm_head\.weight$/,
];
