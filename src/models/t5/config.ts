/** T5's config.json. */
import { UnsupportedError } from '../../errors.ts';
import type { Activation } from '../../ops/activation.ts';
import type { CheckpointConfig } from '../checkpointConfig.ts';

export interface T5Config {
  readonly targetVocabulary: number;
  readonly modelSize: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  readonly heads: number;
  /** Elements of a head, whose heads together need not be modelSize. */
  readonly headSize: number;
  readonly feedForwardSize: number;
  readonly activation: Activation;
  /** Whether the feed-forward networks are gated (T5 1.1). */
  readonly gated: boolean;
  readonly epsilon: number;
  /** Distances that positions are told apart by, and the one from which on they are not. */
  readonly buckets: number;
  readonly furthest: number;
  /** Whether tokens come out by the vectors that they come in with, scaled by 1 / sqrt(modelSize). */
  readonly tiedEmbeddings: boolean;
  readonly startId: number;
  readonly endId: number;
  readonly paddingId: number;
}

/** @throws FormatError, UnsupportedError */
export function t5Config(config: CheckpointConfig): T5Config {
  const encoderLayers = config.count('num_layers', 6);
  const [gate, activation] = feedForwardOf(config);
  const paddingId = config.id('pad_token_id') ?? 0;
  return {
    targetVocabulary: config.count('vocab_size', 32_128),
    modelSize: config.count('d_model', 512),
    encoderLayers,
    decoderLayers: config.count('num_decoder_layers', encoderLayers),
    heads: config.count('num_heads', 8),
    headSize: config.count('d_kv', 64),
    feedForwardSize: config.count('d_ff', 2048),
    activation,
    gated: gate,
    epsilon: config.positive('layer_norm_epsilon', 1e-6),
    buckets: config.count('relative_attention_num_buckets', 32),
    furthest: config.count('relative_attention_max_distance', 128),
    tiedEmbeddings: config.flag('tie_word_embeddings', true),
    startId: config.id('decoder_start_token_id') ?? paddingId,
    endId: config.id('eos_token_id') ?? 1,
    paddingId,
  };
}

/** 'relu', 'gated-gelu', ... */
function feedForwardOf(config: CheckpointConfig): readonly [gated: boolean, Activation] {
  const kind = config.text('feed_forward_proj', 'relu');
  const kinds: Readonly<Record<string, readonly [boolean, Activation]>> = {
    relu: [false, 'relu'],
    // What transformers calls gelu here is its approximation by tanh.
    'gated-gelu': [true, 'geluTanh'],
    'gated-silu': [true, 'silu'],
    'gated-relu': [true, 'relu'],
  };
  if (Object.hasOwn(kinds, kind)) return kinds[kind]!;
  throw new UnsupportedError(
    `config.json: feed_forward_proj is ${JSON.stringify(kind)}, supported are ${Object.keys(kinds).join(', ')}`,
  );
}
