/** The encoders of BERT's family: what their config.json says. */
import { UnsupportedError } from '../../errors.ts';
import type { Activation } from '../../ops/activation.ts';
import type { CheckpointConfig } from '../checkpointConfig.ts';

/** What stands on top of the encoder. */
export type BertHead = 'none' | 'mask' | 'sequence' | 'token';

export type BertFamily = 'bert' | 'roberta' | 'distilbert';

export interface BertConfig {
  readonly family: BertFamily;
  readonly vocabulary: number;
  readonly modelSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForwardSize: number;
  readonly activation: Activation;
  readonly epsilon: number;
  /** Most positions of a sequence. */
  readonly maxLength: number;
  /** Rows of the table of positions before that of the first token: RoBERTa's begin behind the padding's id. */
  readonly firstPosition: number;
  /** Kinds of token (first and second sentence), 0 where the family has none. */
  readonly tokenTypes: number;
  readonly paddingId: number;
  /** Whether the first token's vector can be pooled by BERT's `pooler`. */
  readonly pooler: boolean;
  readonly head: BertHead;
  /** Names of the classes, for the heads that classify. */
  readonly labels: readonly string[];
}

/** @throws FormatError, UnsupportedError */
export function bertConfig(family: BertFamily, config: CheckpointConfig, pooler: boolean): BertConfig {
  const head = headOf(config.architecture);
  const labels = head === 'sequence' || head === 'token' ? config.labels() : [];
  const shared = { family, vocabulary: config.count('vocab_size', 30_522), head, labels };
  if (family === 'distilbert') {
    config.only('sinusoidal_pos_embds', false, true);
    return {
      ...shared,
      modelSize: config.count('dim', 768),
      layers: config.count('n_layers', 6),
      heads: config.count('n_heads', 12),
      feedForwardSize: config.count('hidden_dim', 3072),
      activation: config.activation('activation', 'gelu'),
      epsilon: 1e-12,
      maxLength: config.count('max_position_embeddings', 512),
      firstPosition: 0,
      tokenTypes: 0,
      paddingId: config.id('pad_token_id') ?? 0,
      pooler: false,
    };
  }
  config.only('position_embedding_type', 'absolute');
  config.only('is_decoder', false);
  const paddingId = config.id('pad_token_id') ?? (family === 'roberta' ? 1 : 0);
  const firstPosition = family === 'roberta' ? paddingId + 1 : 0;
  return {
    ...shared,
    modelSize: config.count('hidden_size', 768),
    layers: config.count('num_hidden_layers', 12),
    heads: config.count('num_attention_heads', 12),
    feedForwardSize: config.count('intermediate_size', 3072),
    activation: config.activation('hidden_act', 'gelu'),
    epsilon: config.positive('layer_norm_eps', 1e-12),
    maxLength: config.count('max_position_embeddings', 512) - firstPosition,
    firstPosition,
    tokenTypes: config.count('type_vocab_size', 2),
    paddingId,
    pooler,
  };
}

function headOf(architecture = 'Model'): BertHead {
  const heads: Readonly<Record<string, BertHead>> = {
    Model: 'none',
    ForMaskedLM: 'mask',
    ForSequenceClassification: 'sequence',
    ForTokenClassification: 'token',
  };
  const task = architecture.replace(/^(Bert|Roberta|XLMRoberta|DistilBert)/, '');
  if (Object.hasOwn(heads, task)) return heads[task]!;
  throw new UnsupportedError(
    `config.json: architectures is ${JSON.stringify(architecture)}, supported are ${Object.keys(heads).join(', ')}`,
  );
}
