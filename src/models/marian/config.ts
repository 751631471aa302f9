/** Marian's config.json: the Transformer of "Attention is all you need" with other positions and one table of tokens. */
import { FormatError } from '../../errors.ts';
import type { CheckpointConfig } from '../checkpointConfig.ts';
import type { TransformerSeq2SeqConfig } from '../transformer/config.ts';

/** @throws FormatError, UnsupportedError */
export function marianConfig(config: CheckpointConfig): TransformerSeq2SeqConfig {
  config.only('share_encoder_decoder_embeddings', true);
  config.only('normalize_before', false);
  config.only('normalize_embedding', false);
  config.only('add_final_layer_norm', false);
  config.only('static_position_embeddings', true);
  const vocabulary = config.count('vocab_size');
  config.only('decoder_vocab_size', vocabulary, null);
  const heads = config.count('encoder_attention_heads');
  const feedForwardSize = config.count('encoder_ffn_dim');
  config.only('decoder_attention_heads', heads);
  config.only('decoder_ffn_dim', feedForwardSize);
  const paddingId = config.id('pad_token_id');
  const startId = config.id('decoder_start_token_id') ?? paddingId;
  const endId = config.id('eos_token_id');
  if (paddingId === undefined || startId === undefined || endId === undefined) {
    throw new FormatError('config.json: pad_token_id and eos_token_id must be there');
  }
  return {
    sourceVocabulary: vocabulary,
    targetVocabulary: vocabulary,
    modelSize: config.count('d_model'),
    heads,
    feedForwardSize,
    encoderLayers: config.count('encoder_layers'),
    decoderLayers: config.count('decoder_layers'),
    activation: config.activation('activation_function', 'gelu'),
    finalNorm: false,
    sinusoidalLayout: 'halves',
    scaleEmbeddings: config.flag('scale_embedding', false),
    maxLength: config.count('max_position_embeddings', 1024),
    tiedEmbeddings: 'all',
    paddingId,
    startId,
    endId,
  };
}
