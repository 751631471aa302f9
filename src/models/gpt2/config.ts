/** GPT-2's config.json. */
import type { Activation } from '../../ops/activation.ts';
import type { CheckpointConfig } from '../checkpointConfig.ts';

export interface GPT2Config {
  readonly vocabulary: number;
  readonly modelSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForwardSize: number;
  readonly activation: Activation;
  readonly epsilon: number;
  /** Most positions of a sequence. */
  readonly maxLength: number;
  /** Whether tokens come out by the vectors that they come in with. */
  readonly tiedEmbeddings: boolean;
}

/** @throws FormatError, UnsupportedError */
export function gpt2Config(config: CheckpointConfig): GPT2Config {
  config.only('scale_attn_weights', true);
  config.only('scale_attn_by_inverse_layer_idx', false);
  config.only('add_cross_attention', false);
  const modelSize = config.count('n_embd', 768);
  return {
    vocabulary: config.count('vocab_size', 50_257),
    modelSize,
    layers: config.count('n_layer', 12),
    heads: config.count('n_head', 12),
    feedForwardSize: config.count('n_inner', 4 * modelSize),
    activation: config.activation('activation_function', 'gelu_new'),
    epsilon: config.positive('layer_norm_epsilon', 1e-5),
    maxLength: config.count('n_positions', 1024),
    tiedEmbeddings: config.flag('tie_word_embeddings', true),
  };
}
