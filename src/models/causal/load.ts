import { type StreamedOptions, streamParameters } from '../../layers/streamedParameters.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { WeightStream } from '../../tensor/weights.ts';
import type { CheckpointConfig } from '../checkpointConfig.ts';
import { gpt2Config } from '../gpt2/config.ts';
import { gpt2Ignored, gpt2Layout } from '../gpt2/layout.ts';
import { gpt2Model } from '../gpt2/model.ts';
import { llamaConfig } from '../llama/config.ts';
import { llamaIgnored, llamaLayout } from '../llama/layout.ts';
import { llamaModel } from '../llama/model.ts';
import type { CausalModel } from './model.ts';

type LoadingOptions = Pick<StreamedOptions, 'quantize' | 'signal' | 'onProgress'>;

/** A checkpoint of Hugging Face's LlamaForCausalLM. @throws FormatError, UnsupportedError; what reading throws */
export async function loadLlama(
  runtime: Runtime,
  fields: CheckpointConfig,
  weights: WeightStream,
  options: LoadingOptions = {},
): Promise<CausalModel> {
  const config = llamaConfig(fields);
  return streamParameters<CausalModel>(runtime, weights, (parameters) => llamaModel(parameters, config), {
    ...options,
    layout: llamaLayout,
    ignored: config.tiedEmbeddings ? [...llamaIgnored, /^lm_head\.weight$/] : llamaIgnored,
  });
}

/** A checkpoint of Hugging Face's GPT2LMHeadModel or GPT2Model. @throws FormatError, UnsupportedError; what reading throws */
export async function loadGPT2(
  runtime: Runtime,
  fields: CheckpointConfig,
  weights: WeightStream,
  options: LoadingOptions = {},
): Promise<CausalModel> {
  const config = gpt2Config(fields);
  const prefix = weights.names().some((name) => name.startsWith('transformer.')) ? 'transformer.' : '';
  return streamParameters<CausalModel>(runtime, weights, (parameters) => gpt2Model(parameters, config), {
    ...options,
    layout: gpt2Layout(prefix),
    ignored: config.tiedEmbeddings ? [...gpt2Ignored, /^lm_head\.weight$/] : gpt2Ignored,
  });
}
