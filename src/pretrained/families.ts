/** Who loads which `model_type`. */
import { FormatError, UnsupportedError } from '../errors.ts';
import type { StreamedOptions } from '../layers/streamedParameters.ts';
import { loadBert } from '../models/bert/load.ts';
import type { BertModel } from '../models/bert/model.ts';
import { loadGPT2, loadLlama } from '../models/causal/load.ts';
import type { CausalModel } from '../models/causal/model.ts';
import { CheckpointConfig } from '../models/checkpointConfig.ts';
import { loadMarian, loadT5 } from '../models/encoderDecoder/load.ts';
import type { T5Model } from '../models/t5/model.ts';
import type { TransformerSeq2Seq } from '../models/transformer/model.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { WeightStream } from '../tensor/weights.ts';

/** A model by what it does: it reads, it writes on, or it writes what it has read in other words. */
export type LoadedModel =
  | { readonly kind: 'encoder'; readonly model: BertModel }
  | { readonly kind: 'decoder'; readonly model: CausalModel }
  | { readonly kind: 'encoder-decoder'; readonly model: T5Model | TransformerSeq2Seq };

type Load = (
  runtime: Runtime,
  config: CheckpointConfig,
  weights: WeightStream,
  options: Pick<StreamedOptions, 'quantize' | 'signal' | 'onProgress'>,
) => Promise<LoadedModel>;

const encoder =
  (family: Parameters<typeof loadBert>[1]): Load =>
  async (runtime, ...rest) => ({ kind: 'encoder', model: await loadBert(runtime, family, ...rest) });
const decoder =
  (load: typeof loadLlama): Load =>
  async (...all) => ({ kind: 'decoder', model: await load(...all) });
const encoderDecoder =
  (load: (...all: Parameters<Load>) => Promise<T5Model | TransformerSeq2Seq>): Load =>
  async (...all) => ({ kind: 'encoder-decoder', model: await load(...all) });

/** By the `model_type` of a config.json. */
const families: Readonly<Record<string, Load>> = {
  bert: encoder('bert'),
  roberta: encoder('roberta'),
  'xlm-roberta': encoder('roberta'),
  camembert: encoder('roberta'),
  distilbert: encoder('distilbert'),
  gpt2: decoder(loadGPT2),
  llama: decoder(loadLlama),
  t5: encoderDecoder(loadT5),
  mt5: encoderDecoder(loadT5),
  marian: encoderDecoder(loadMarian),
};

/** The families that can be loaded. */
export const modelTypes: readonly string[] = Object.keys(families);

/**
 * @param fields the value of config.json
 * @throws FormatError, UnsupportedError before any weight is read; what reading throws
 */
export function loadFamily(
  runtime: Runtime,
  fields: unknown,
  weights: WeightStream,
  options: Pick<StreamedOptions, 'quantize' | 'signal' | 'onProgress'>,
): Promise<LoadedModel> {
  const config = new CheckpointConfig(fields);
  if (!config.has('model_type')) throw new FormatError('config.json: model_type is missing');
  const type = config.text('model_type');
  if (Object.hasOwn(families, type)) return families[type]!(runtime, config, weights, options);
  throw new UnsupportedError(
    `config.json: model_type is ${JSON.stringify(type)}, supported are ${modelTypes.join(', ')}`,
  );
}
