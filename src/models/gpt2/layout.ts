/** Where a GPT-2 checkpoint keeps what the model asks for. Its matrices are stored [inputs, outputs] (Conv1D). */
import type { Layout, Stored } from '../../layers/layout.ts';

const norms: Readonly<Record<string, string>> = { norm1: 'ln_1', norm2: 'ln_2' };

const matrices: Readonly<Record<string, string>> = {
  'self_attn.in_proj_': 'attn.c_attn.',
  'self_attn.out_proj.': 'attn.c_proj.',
  'linear1.': 'mlp.c_fc.',
  'linear2.': 'mlp.c_proj.',
};

/** @param prefix 'transformer.', or none in checkpoints without a head */
export function gpt2Layout(prefix: string): Layout {
  const stored = (name: string): string => `${prefix}h.*.${name}`;
  const entries = [
    ...Object.entries(norms).flatMap(([name, own]): [string, Stored][] =>
      ['weight', 'bias'].map((end) => [`layers.*.${name}.${end}`, stored(`${own}.${end}`)]),
    ),
    ...Object.entries(matrices).flatMap(([name, own]): [string, Stored][] => [
      [`layers.*.${name}weight`, { transposed: stored(`${own}weight`) }],
      [`layers.*.${name}bias`, stored(`${own}bias`)],
    ]),
  ];
  return {
    ...Object.fromEntries(entries),
    'words.weight': `${prefix}wte.weight`,
    'positions.weight': `${prefix}wpe.weight`,
    'norm.weight': `${prefix}ln_f.weight`,
    'norm.bias': `${prefix}ln_f.bias`,
    'head.weight': 'lm_head.weight',
  };
}

/** Beside the weights: masks of what comes later. */
export const gpt2Ignored: readonly RegExp[] = [/h\.\d+\.attn\.(bias|masked_bias)$/];
