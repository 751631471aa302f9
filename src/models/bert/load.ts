import { type StreamedOptions, streamParameters } from '../../layers/streamedParameters.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { WeightStream } from '../../tensor/weights.ts';
import type { CheckpointConfig } from '../checkpointConfig.ts';
import { type BertFamily, bertConfig } from './config.ts';
import { bertIgnored, bertLayout } from './layout.ts';
import { BertModel } from './model.ts';

/**
 * A checkpoint of Hugging Face's BertModel, RobertaModel or DistilBertModel, alone or with a head.
 * @throws FormatError, UnsupportedError before any weight is read; what reading throws
 */
export function loadBert(
  runtime: Runtime,
  family: BertFamily,
  fields: CheckpointConfig,
  weights: WeightStream,
  options: Pick<StreamedOptions, 'quantize' | 'signal' | 'onProgress'> = {},
): Promise<BertModel> {
  const names = weights.names();
  const prefix = names.some((name) => name.startsWith(`${family}.`)) ? `${family}.` : '';
  const pooler = names.includes(`${prefix}pooler.dense.weight`);
  const config = bertConfig(family, fields, pooler);
  const build = (parameters: ConstructorParameters<typeof BertModel>[0]): BertModel =>
    new BertModel(parameters, config);
  return streamParameters(runtime, weights, build, {
    ...options,
    layout: bertLayout(family, prefix),
    ignored: bertIgnored,
  });
}
