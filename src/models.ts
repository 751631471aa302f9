/**
 * heed/models: whole models, the layers that only they are made of (attention by scores, caches, cells, decoders,
 * Transformer stacks, convolution), and the decoders that write with them. Importing it does nothing.
 */
export { type BeamSearchOptions, beamSearch, type LengthPenalty } from './decode/beam.ts';
export { greedyDecode } from './decode/greedy.ts';
export {
  type SampleDecodeOptions,
  type SamplingOptions,
  sampleDecode,
  sampleToken,
} from './decode/sample.ts';
export type { Hypothesis, MaxLength, StepModel } from './decode/stepModel.ts';
export {
  Attention,
  type AttentionConfig,
  type AttentionMemory,
  type AttentionRead,
  type AttentionReadOptions,
} from './layers/attention.ts';
export { Bahdanau2014Decoder, type Bahdanau2014DecoderConfig } from './layers/bahdanau2014Decoder.ts';
export { BahdanauDecoder, type BahdanauDecoderConfig, type Readout } from './layers/bahdanauDecoder.ts';
export {
  type CellConfig,
  type CellKind,
  type CellState,
  createCell,
  GRUCell,
  LSTMCell,
  RecurrentCell,
  RNNCell,
} from './layers/cell.ts';
export { Conv1d, Conv2d, type ConvConfig } from './layers/conv.ts';
export {
  type CellDecoderConfig,
  Decoder,
  type DecoderConfig,
  type DecoderMemory,
  type DecoderSource,
  type DecoderState,
  type DecoderStep,
  type Decoding,
} from './layers/decoder.ts';
export { type DecoderLayerCache, TransformerDecoderCache } from './layers/decoderCache.ts';
export {
  TransformerDecoderLayer,
  type TransformerDecoderLayerConfig,
  type TransformerDecoderLayerOptions,
  type TransformerDecoderLayerResult,
} from './layers/decoderLayer.ts';
export { TransformerEncoderCache } from './layers/encoderCache.ts';
export { type FixedContext, FixedContextDecoder } from './layers/fixedContextDecoder.ts';
export type { HardChoice } from './layers/hardChoice.ts';
export { KeyValueCache, type KeyValueCacheConfig } from './layers/keyValueCache.ts';
export { LuongDecoder, type LuongDecoderConfig } from './layers/luongDecoder.ts';
export {
  LearnedPositions,
  type PositionsConfig,
  type SinusoidalLayout,
  SinusoidalPositions,
  sinusoidalPositions,
} from './layers/positions.ts';
export type { Reach } from './layers/reach.ts';
export { type ScoreFunction, scoreFunctions } from './layers/score.ts';
export {
  Transformer,
  type TransformerConfig,
  TransformerDecoder,
  type TransformerDecoderConfig,
  type TransformerDecoderResult,
  type TransformerOptions,
} from './layers/transformer.ts';
export { TransformerEncoder, type TransformerEncoderConfig } from './layers/transformerEncoder.ts';
export { type CaptionBatch, captionBatch } from './models/captioner/batch.ts';
export type { CaptionerConfig, EncoderBlock } from './models/captioner/config.ts';
export type { CaptionLoss, CaptionLossOptions } from './models/captioner/loss.ts';
export { Captioner } from './models/captioner/model.ts';
export type { CaptionForward, Seen } from './models/captioner/state.ts';
export { type CausalBatch, causalBatch } from './models/causalLanguage/batch.ts';
export type { CausalLanguageModelConfig } from './models/causalLanguage/config.ts';
export type { CausalState } from './models/causalLanguage/decoding.ts';
export { CausalLanguageModel } from './models/causalLanguage/model.ts';
export { DecodingModel, type DecodingModelParts } from './models/decodingModel.ts';
export { padRows } from './models/idRows.ts';
export type { LanguageModelConfig } from './models/language/config.ts';
export {
  type LanguageLossOptions,
  LanguageModel,
  type LanguageModelResult,
  type LanguagePassOptions,
} from './models/language/model.ts';
export type { MaskedLanguageModelConfig } from './models/maskedLanguage/config.ts';
export type { FilledMask, FillMaskOptions, MaskCandidate } from './models/maskedLanguage/fillMask.ts';
export { type MaskedBatch, MaskedLanguageModel } from './models/maskedLanguage/model.ts';
export { pairBatch, type Seq2SeqBatch, type SequencePair } from './models/seq2seq/batch.ts';
export type { DecoderKind, Seq2SeqConfig } from './models/seq2seq/config.ts';
export type {
  Seq2SeqForwardOptions,
  Seq2SeqHardLoss,
  Seq2SeqLossOptions,
  Seq2SeqResult,
} from './models/seq2seq/forward.ts';
export { Seq2Seq } from './models/seq2seq/model.ts';
export type { ScheduledSampling } from './models/seq2seq/scheduledSampling.ts';
export { type TransformerBatch, transformerBatch } from './models/transformer/batch.ts';
export type { TransformerSeq2SeqConfig } from './models/transformer/config.ts';
export {
  type TransformerPassOptions,
  TransformerSeq2Seq,
  type TransformerSeq2SeqResult,
} from './models/transformer/model.ts';
export {
  createVoiceDetector,
  VoiceDetector,
  type VoiceDetectorOptions,
} from './models/voiceActivity/model.ts';
export {
  type SegmentOptions,
  type SpeechEvent,
  type SpeechSegment,
  SpeechSegmenter,
  speechSegments,
} from './models/voiceActivity/segments.ts';
export { type ConvOptions, conv1d, conv2d } from './ops/conv.ts';
export { entropy } from './ops/entropy.ts';
export { gaussianWindow } from './ops/gaussianWindow.ts';
export { l2Normalize } from './ops/normalize.ts';
export { maxPool1d, maxPool2d, type PoolOptions } from './ops/pool.ts';
export { addPositions } from './ops/positions.ts';
export { type RotaryOptions, type RotaryTable, rotary, rotaryTable } from './ops/rotary.ts';
export type { Extent2d } from './ops/window.ts';
