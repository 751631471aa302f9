/** heed/models: whole models made of the layers, and the decoders that write with them. Importing it does nothing. */
export { type BeamSearchOptions, beamSearch, type LengthPenalty } from './decode/beam.ts';
export { greedyDecode } from './decode/greedy.ts';
export {
  type SampleDecodeOptions,
  type SamplingOptions,
  sampleDecode,
  sampleToken,
} from './decode/sample.ts';
export type { Hypothesis, MaxLength, StepModel } from './decode/stepModel.ts';
export { type CaptionBatch, captionBatch } from './models/captioner/batch.ts';
export type { CaptionerConfig, EncoderBlock } from './models/captioner/config.ts';
export type { CaptionLoss, CaptionLossOptions } from './models/captioner/loss.ts';
export { Captioner } from './models/captioner/model.ts';
export type { CaptionForward, Seen } from './models/captioner/state.ts';
export { DecodingModel, type DecodingModelParts } from './models/decodingModel.ts';
export { padRows, pairBatch, type Seq2SeqBatch, type SequencePair } from './models/seq2seq/batch.ts';
export type { DecoderKind, Seq2SeqConfig } from './models/seq2seq/config.ts';
export type {
  Seq2SeqForwardOptions,
  Seq2SeqLossOptions,
  Seq2SeqResult,
  Seq2SeqTokenLosses,
} from './models/seq2seq/forward.ts';
export { Seq2Seq } from './models/seq2seq/model.ts';
export type { ScheduledSampling } from './models/seq2seq/scheduledSampling.ts';
export type { DecoderState, Encoded } from './models/seq2seq/state.ts';
export { type TransformerBatch, transformerBatch } from './models/transformer/batch.ts';
export type { TransformerSeq2SeqConfig } from './models/transformer/config.ts';
export {
  type TransformerPassOptions,
  TransformerSeq2Seq,
  type TransformerSeq2SeqResult,
} from './models/transformer/model.ts';
