import { ArgumentError, UnsupportedError } from '../../errors.ts';
import type { ModelSource } from '../../io/modelSource.ts';
import { createRuntime } from '../../runtime/load.ts';
import { loadModel, type PretrainedModel } from '../loadModel.ts';
import type { Tokenizer } from '../tokenizer.ts';
import {
  type FeatureExtraction,
  type FillMaskPipeline,
  featureExtraction,
  fillMaskPipe,
  type TextClassification,
  type TokenClassification,
  textClassification,
  tokenClassification,
} from './encoderPipes.ts';
import { loadOptions, type PipelineOptions } from './options.ts';
import { type Text2Text, type TextGeneration, text2Text, textGeneration } from './textPipes.ts';

/** What each task is called with, and gives. */
export interface PipelineCalls {
  'feature-extraction': FeatureExtraction;
  'fill-mask': FillMaskPipeline;
  'text-classification': TextClassification;
  'sentiment-analysis': TextClassification;
  'token-classification': TokenClassification;
  ner: TokenClassification;
  'text-generation': TextGeneration;
  'text2text-generation': Text2Text<'generated_text'>;
  translation: Text2Text<'translation_text'>;
  summarization: Text2Text<'summary_text'>;
}

export type PipelineTask = keyof PipelineCalls;

/** A function, with what it is made of. */
export type Pipeline<Task extends PipelineTask> = PipelineCalls[Task] & {
  readonly task: Task;
  readonly model: PretrainedModel;
  readonly tokenizer: Tokenizer;
  /** Frees what the pipeline has loaded and made: not a model that it was given, nor a runtime. */
  dispose(): Promise<void>;
};

const pipes: { readonly [Task in PipelineTask]: (model: PretrainedModel) => PipelineCalls[Task] } = {
  'feature-extraction': featureExtraction,
  'fill-mask': fillMaskPipe,
  'text-classification': textClassification,
  'sentiment-analysis': textClassification,
  'token-classification': tokenClassification,
  ner: tokenClassification,
  'text-generation': textGeneration,
  'text2text-generation': (model) => text2Text(model, 'text2text-generation', 'generated_text'),
  translation: (model) => text2Text(model, 'translation', 'translation_text'),
  summarization: (model) => text2Text(model, 'summarization', 'summary_text'),
};

/** The tasks that there are pipelines for. */
export const pipelineTasks = Object.keys(pipes) as readonly PipelineTask[];

/**
 * A task on a model, called as transformers.js calls it: `const classify = await pipeline('text-classification', id)`.
 * Texts go in and plain values come out, so the packages `@huggingface/tokenizers` and, for messages,
 * `@huggingface/jinja` must be installed. docs/pipeline.md says what is supported.
 * @param model a folder, a URL, a hub's id, files; or a model that is loaded, which stays the caller's
 * @throws ArgumentError for an unknown task or option; UnsupportedError for a known one that heed does not do, and a model
 *   that cannot do the task; what loading throws. Nothing is left behind
 */
export async function pipeline<Task extends PipelineTask>(
  task: Task,
  model: ModelSource | PretrainedModel,
  options: PipelineOptions = {},
): Promise<Pipeline<Task>> {
  if (!Object.hasOwn(pipes, task)) {
    throw new ArgumentError(`pipeline: unknown task ${String(task)}, known are ${pipelineTasks.join(', ')}`);
  }
  if (model === undefined || model === null) {
    throw new ArgumentError(`pipeline: expected a model for ${task}, heed has none of its own`);
  }
  const { loaded, dispose } = await modelOf(model, options);
  try {
    const tokenizer = await loaded.tokenizer();
    const call = pipes[task](loaded) as PipelineCalls[Task];
    const about = { task, model: loaded, tokenizer, dispose: async () => dispose() };
    return Object.assign(call, about) as unknown as Pipeline<Task>;
  } catch (error) {
    dispose();
    throw error;
  }
}

async function modelOf(
  model: ModelSource | PretrainedModel,
  options: PipelineOptions,
): Promise<{ readonly loaded: PretrainedModel; readonly dispose: () => void }> {
  if (isLoaded(model)) {
    const given = Object.keys(options)[0];
    if (given === undefined) return { loaded: model, dispose: () => {} };
    throw new UnsupportedError(`pipeline: a model that is loaded takes no options, got ${given}`);
  }
  const how = loadOptions(String(model), options);
  const runtime = options.runtime ?? (await createRuntime());
  const free = (): void => {
    if (!options.runtime) runtime.dispose();
  };
  try {
    const loaded = await loadModel(runtime, model, how);
    const dispose = (): void => {
      loaded.dispose();
      free();
    };
    return { loaded, dispose };
  } catch (error) {
    free();
    throw error;
  }
}

function isLoaded(model: ModelSource | PretrainedModel): model is PretrainedModel {
  return typeof model === 'object' && 'kind' in model && 'folder' in model;
}
