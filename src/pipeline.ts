/** heed/pipeline: tasks on pretrained models, called as transformers.js calls them. Importing it does nothing. */
export type {
  ClassifiedToken,
  FeatureExtraction,
  FeatureExtractionOptions,
  FilledSequence,
  FillMaskPipeline,
  FillMaskPipelineOptions,
  TextClassification,
  TextClassificationOptions,
  TokenClassification,
  TokenClassificationOptions,
} from './pretrained/pipeline/encoderPipes.ts';
export type { PipelineOptions, ProgressInfo } from './pretrained/pipeline/options.ts';
export {
  type Pipeline,
  type PipelineCalls,
  type PipelineTask,
  pipeline,
  pipelineTasks,
} from './pretrained/pipeline/pipeline.ts';
export { ResultTensor } from './pretrained/pipeline/resultTensor.ts';
export type {
  GeneratedChat,
  GeneratedText,
  Text2Text,
  Text2TextOptions,
  TextGeneration,
  TextGenerationOptions,
} from './pretrained/pipeline/textPipes.ts';
export { type Streamer, TextStreamer, type TextStreamerOptions } from './pretrained/pipeline/textStreamer.ts';
