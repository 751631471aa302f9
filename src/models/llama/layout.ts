/** Where a Llama checkpoint keeps what the model asks for. */
import type { Layout, Stored } from '../../layers/layout.ts';

const ends = ['weight', 'bias'];

/** Under each other: queries and keys, which are turned alike. */
const joined = ends.map((end): [string, Stored[]] => [
  `layers.*.attention.qk_proj.${end}`,
  ['q_proj', 'k_proj'].map((name) => `model.layers.*.self_attn.${name}.${end}`),
]);

const renamed: Readonly<Record<string, string>> = {
  'attention.v_proj': 'self_attn.v_proj',
  'attention.o_proj': 'self_attn.o_proj',
  'feedForward.gate_proj': 'mlp.gate_proj',
  'feedForward.up_proj': 'mlp.up_proj',
  'feedForward.down_proj': 'mlp.down_proj',
  norm1: 'input_layernorm',
  norm2: 'post_attention_layernorm',
};

export const llamaLayout: Layout = {
  ...Object.fromEntries(joined),
  ...Object.fromEntries(
    Object.entries(renamed).flatMap(([name, stored]) =>
      ends.map((end) => [`layers.*.${name}.${end}`, `model.layers.*.${stored}.${end}`]),
    ),
  ),
  'words.weight': 'model.embed_tokens.weight',
  'norm.weight': 'model.norm.weight',
  'head.weight': 'lm_head.weight',
};

/** Beside the weights: what the frequencies can be computed from. */
export const llamaIgnored: readonly RegExp[] = [/rotary_emb\.inv_freq$/];
