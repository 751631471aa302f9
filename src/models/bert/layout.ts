/** Where the checkpoints of BERT's family keep what the model asks for. */
import type { Layout, Stored } from '../../layers/layout.ts';
import type { BertFamily } from './config.ts';

/** Weight and bias under new names. */
function both(name: string, stored: string): [string, Stored][] {
  return ['weight', 'bias'].map((each) => [`${name}.${each}`, `${stored}.${each}`]);
}

/** Names of an encoder layer in heed, and in a checkpoint. */
function layer(
  stored: string,
  names: Readonly<
    Record<'query' | 'key' | 'value' | 'output' | 'norm1' | 'wide' | 'narrow' | 'norm2', string>
  >,
): [string, Stored | Stored[]][] {
  const projections = [names.query, names.key, names.value];
  return [
    ...['weight', 'bias'].map((each): [string, Stored[]] => [
      `encoder.layers.*.self_attn.in_proj_${each}`,
      projections.map((name) => `${stored}.${name}.${each}`),
    ]),
    ...both('encoder.layers.*.self_attn.out_proj', `${stored}.${names.output}`),
    ...both('encoder.layers.*.norm1', `${stored}.${names.norm1}`),
    ...both('encoder.layers.*.linear1', `${stored}.${names.wide}`),
    ...both('encoder.layers.*.linear2', `${stored}.${names.narrow}`),
    ...both('encoder.layers.*.norm2', `${stored}.${names.norm2}`),
  ];
}

function embeddings(stored: string): [string, Stored][] {
  return [
    ['embeddings.words.weight', `${stored}.word_embeddings.weight`],
    ['embeddings.positions.weight', `${stored}.position_embeddings.weight`],
    ['embeddings.types.weight', `${stored}.token_type_embeddings.weight`],
    ...both('embeddings.norm', `${stored}.LayerNorm`),
  ];
}

const bertLayer = {
  query: 'attention.self.query',
  key: 'attention.self.key',
  value: 'attention.self.value',
  output: 'attention.output.dense',
  norm1: 'attention.output.LayerNorm',
  wide: 'intermediate.dense',
  narrow: 'output.dense',
  norm2: 'output.LayerNorm',
};

const distilLayer = {
  query: 'attention.q_lin',
  key: 'attention.k_lin',
  value: 'attention.v_lin',
  output: 'attention.out_lin',
  norm1: 'sa_layer_norm',
  wide: 'ffn.lin1',
  narrow: 'ffn.lin2',
  norm2: 'output_layer_norm',
};

/** What a family's checkpoints call their heads: hidden layer and norm of the one for masks, its bias; classifiers. */
const heads: Readonly<Record<BertFamily, readonly [string, Stored][]>> = {
  bert: [
    ...both('mask.dense', 'cls.predictions.transform.dense'),
    ...both('mask.norm', 'cls.predictions.transform.LayerNorm'),
    ['mask.bias', 'cls.predictions.bias'],
  ],
  roberta: [
    ...both('mask.dense', 'lm_head.dense'),
    ...both('mask.norm', 'lm_head.layer_norm'),
    ['mask.bias', 'lm_head.bias'],
    ...both('sequence.dense', 'classifier.dense'),
    ...both('sequence.classifier', 'classifier.out_proj'),
  ],
  distilbert: [
    ...both('mask.dense', 'vocab_transform'),
    ...both('mask.norm', 'vocab_layer_norm'),
    ['mask.bias', 'vocab_projector.bias'],
    ...both('sequence.dense', 'pre_classifier'),
  ],
};

/** @param prefix of the encoder's names: 'bert.', or none in checkpoints of the encoder alone */
export function bertLayout(family: BertFamily, prefix: string): Layout {
  const encoder =
    family === 'distilbert'
      ? layer(`${prefix}transformer.layer.*`, distilLayer)
      : layer(`${prefix}encoder.layer.*`, bertLayer);
  return Object.fromEntries([
    ...embeddings(`${prefix}embeddings`),
    ...encoder,
    ...both('pooler', `${prefix}pooler.dense`),
    ...both('sequence.classifier', 'classifier'),
    ...both('token.classifier', 'classifier'),
    ...heads[family],
  ]);
}

/** Stored beside the weights, and nothing to compute with: the positions' numbers, tied copies. */
export const bertIgnored: readonly RegExp[] = [
  /(^|\.)embeddings\.(position_ids|token_type_ids)$/,
  /^cls\.predictions\.decoder\.(weight|bias)$/,
  /^cls\.seq_relationship\./,
  /^lm_head\.decoder\.(weight|bias)$/,
  /^vocab_projector\.weight$/,
];
