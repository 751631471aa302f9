/** heed/pretrained: models as they are published, from a folder to their answers. Importing it does nothing. */
export type { Checkpoint, TensorInfo } from './io/checkpoint.ts';
export { type ModelFolder, openModelFolder } from './io/modelFolder.ts';
export type { ModelFolderOptions, ModelSource } from './io/modelSource.ts';
export type { BertConfig, BertFamily, BertHead } from './models/bert/config.ts';
export { BertModel, type BertOptions, type BertResult } from './models/bert/model.ts';
export { CausalModel, type CausalOptions, type CausalResult } from './models/causal/model.ts';
export { T5Model, type T5PassOptions, type T5StackResult } from './models/t5/model.ts';
export { type LoadedModel, modelTypes } from './pretrained/families.ts';
export { type LoadModelOptions, loadModel, type PretrainedModel } from './pretrained/loadModel.ts';
