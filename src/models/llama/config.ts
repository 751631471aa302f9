/** Llama's config.json. */
import { UnsupportedError } from '../../errors.ts';
import type { RotaryScaling } from '../../layers/rotaryPositions.ts';
import type { Activation } from '../../ops/activation.ts';
import type { CheckpointConfig } from '../checkpointConfig.ts';

export interface LlamaConfig {
  readonly vocabulary: number;
  readonly modelSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly feedForwardSize: number;
  readonly activation: Activation;
  readonly epsilon: number;
  /** Most positions of a sequence. */
  readonly maxLength: number;
  readonly rotaryBase: number;
  readonly rotaryScaling: RotaryScaling | undefined;
  readonly attentionBias: boolean;
  readonly feedForwardBias: boolean;
  /** Whether tokens come out by the vectors that they come in with. */
  readonly tiedEmbeddings: boolean;
}

/** @throws FormatError, UnsupportedError */
export function llamaConfig(config: CheckpointConfig): LlamaConfig {
  config.only('pretraining_tp', 1, null);
  const modelSize = config.count('hidden_size');
  const heads = config.count('num_attention_heads');
  const headSize = config.count('head_dim', modelSize / heads);
  const maxLength = config.count('max_position_embeddings', 2048);
  return {
    vocabulary: config.count('vocab_size'),
    modelSize,
    layers: config.count('num_hidden_layers'),
    heads,
    keyValueHeads: config.count('num_key_value_heads', heads),
    headSize,
    feedForwardSize: config.count('intermediate_size'),
    activation: config.activation('hidden_act', 'silu'),
    epsilon: config.positive('rms_norm_eps', 1e-6),
    maxLength,
    rotaryBase: config.positive('rope_theta', 10_000),
    rotaryScaling: scalingOf(config, maxLength),
    attentionBias: config.flag('attention_bias', false),
    feedForwardBias: config.flag('mlp_bias', false),
    tiedEmbeddings: config.flag('tie_word_embeddings', false),
  };
}

function scalingOf(config: CheckpointConfig, maxLength: number): RotaryScaling | undefined {
  if (!config.has('rope_scaling')) return undefined;
  const scaling = config.within('rope_scaling');
  const kind = scaling.text('rope_type', scaling.text('type', 'default'));
  if (kind === 'default') return undefined;
  const factor = (): number => scaling.positive('factor');
  const originalLength = (): number => scaling.count('original_max_position_embeddings', maxLength);
  switch (kind) {
    case 'linear':
      return { kind, factor: factor() };
    case 'llama3':
      return {
        kind,
        factor: factor(),
        lowFrequencyFactor: scaling.positive('low_freq_factor'),
        highFrequencyFactor: scaling.positive('high_freq_factor'),
        originalLength: originalLength(),
      };
    case 'yarn':
      scaling.only('mscale');
      scaling.only('mscale_all_dim');
      return {
        kind,
        factor: factor(),
        fastTurns: scaling.positive('beta_fast', 32),
        slowTurns: scaling.positive('beta_slow', 1),
        originalLength: originalLength(),
        magnitude: scaling.has('attention_factor') ? scaling.positive('attention_factor') : undefined,
      };
    default:
      throw new UnsupportedError(
        `config.json: rope_scaling.rope_type is ${JSON.stringify(kind)}, supported are default, linear, llama3, yarn`,
      );
  }
}
