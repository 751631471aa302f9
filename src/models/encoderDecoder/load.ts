import { type StreamedOptions, streamParameters } from '../../layers/streamedParameters.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { WeightStream } from '../../tensor/weights.ts';
import type { CheckpointConfig } from '../checkpointConfig.ts';
import { marianConfig } from '../marian/config.ts';
import { marianIgnored, marianLayout } from '../marian/layout.ts';
import { t5Config } from '../t5/config.ts';
import { t5Ignored, t5Layout } from '../t5/layout.ts';
import { T5Model } from '../t5/model.ts';
import { TransformerSeq2Seq } from '../transformer/model.ts';

type LoadingOptions = Pick<StreamedOptions, 'quantize' | 'signal' | 'onProgress'>;

/** A checkpoint of Hugging Face's T5ForConditionalGeneration. @throws FormatError, UnsupportedError; what reading throws */
export async function loadT5(
  runtime: Runtime,
  fields: CheckpointConfig,
  weights: WeightStream,
  options: LoadingOptions = {},
): Promise<T5Model> {
  const config = t5Config(fields);
  return streamParameters(runtime, weights, (parameters) => new T5Model(parameters, config), {
    ...options,
    layout: t5Layout(config.gated),
    ignored: config.tiedEmbeddings ? [...t5Ignored, /^lm_head\.weight$/] : t5Ignored,
  });
}

/** A checkpoint of Hugging Face's MarianMTModel. @throws FormatError, UnsupportedError; what reading throws */
export async function loadMarian(
  runtime: Runtime,
  fields: CheckpointConfig,
  weights: WeightStream,
  options: LoadingOptions = {},
): Promise<TransformerSeq2Seq> {
  const config = marianConfig(fields);
  return streamParameters(runtime, weights, (parameters) => new TransformerSeq2Seq(parameters, config), {
    ...options,
    layout: marianLayout,
    ignored: marianIgnored,
  });
}
