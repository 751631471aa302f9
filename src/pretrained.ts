/** heed/pretrained: models as they are published, from a folder to their answers. Importing it does nothing. */
export type { Checkpoint, TensorInfo } from './io/checkpoint.ts';
export { type ModelFolder, openModelFolder } from './io/modelFolder.ts';
export type { ModelFolderOptions, ModelSource } from './io/modelSource.ts';
export type { BertConfig, BertFamily, BertHead } from './models/bert/config.ts';
export { BertModel, type BertOptions, type BertResult } from './models/bert/model.ts';
export { CausalModel, type CausalOptions, type CausalResult } from './models/causal/model.ts';
export { T5Model, type T5PassOptions, type T5StackResult } from './models/t5/model.ts';
export type { Message } from './pretrained/chatTemplate.ts';
export {
  type ClassifiedText,
  type ClassifyOptions,
  type ClassScore,
  classify,
  type ScoreKind,
} from './pretrained/classify.ts';
export { type Embedding, type EmbedOptions, embed, type Pooling } from './pretrained/embed.ts';
export type { InputAttention, TaskOptions } from './pretrained/encoderPass.ts';
export { type LoadedModel, modelTypes } from './pretrained/families.ts';
export {
  type FilledMask,
  type FilledText,
  type FillMaskOptions,
  fillMask,
  type MaskCandidate,
} from './pretrained/fillMask.ts';
export { type GenerateOptions, generate } from './pretrained/generate.ts';
export type {
  FinishReason,
  GeneratedToken,
  Generation,
  GenerationProgress,
  GenerationResult,
} from './pretrained/generation.ts';
export { type LoadModelOptions, loadModel, type PretrainedModel } from './pretrained/loadModel.ts';
export type { ModelInput, TextPair, TokenInput } from './pretrained/modelInput.ts';
export type { Offsets } from './pretrained/offsets.ts';
export type { TextStream } from './pretrained/textStream.ts';
export {
  groupSpans,
  type LabelledSpan,
  type LabelledText,
  tokenClassify,
} from './pretrained/tokenClassify.ts';
export {
  type DecodeOptions,
  type EncodeOptions,
  type Encoding,
  loadTokenizer,
  type SpecialIds,
  type Tokenizer,
} from './pretrained/tokenizer.ts';
export { type TranslateOptions, type Translation, translate } from './pretrained/translate.ts';
