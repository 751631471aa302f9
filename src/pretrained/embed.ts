import { ArgumentError, UnsupportedError } from '../errors.ts';
import type { ReturnedWeights } from '../layers/multiHeadAttention.ts';
import { encodeBatch, encoderOf, type InputAttention, inBatches, type TaskOptions } from './encoderPass.ts';
import type { PretrainedModel } from './loadModel.ts';
import { encodeInputs, type ModelInput } from './modelInput.ts';

/** How the vectors of tokens become one: their mean, special tokens included, or that of the first token. */
export type Pooling = 'mean' | 'cls';

export interface EmbedOptions extends TaskOptions {
  /** What the folder's `modules.json` and `1_Pooling/config.json` say (sentence-transformers') by default, else 'mean'. */
  readonly pooling?: Pooling;
  /** Whether vectors have length 1, so that their dot product is the cosine; true by default. */
  readonly normalize?: boolean;
}

/** A text's vector, with what was looked at. */
export interface Embedding {
  readonly vector: Float32Array;
  readonly attention?: InputAttention;
}

/**
 * A vector for each text, [modelSize], by an encoder of BERT's family. Texts of more than `maxLength` tokens lose their
 * end; by default that is what the folder's `sentence_bert_config.json` says, else what the model takes at most.
 * At most 32 texts are computed together by default.
 * @returns in the order of the inputs; with `returnWeights` each with its attention
 * @throws UnsupportedError for a model that is no encoder, or another pooling in the folder; ArgumentError for inputs that
 *   are empty, too long or unknown; OutOfMemoryError; what loading a tokenizer throws. Nothing is left behind
 */
export async function embed(
  model: PretrainedModel,
  texts: readonly ModelInput[],
  options: EmbedOptions & { readonly returnWeights: Exclude<ReturnedWeights, false> },
): Promise<Embedding[]>;
export async function embed(
  model: PretrainedModel,
  texts: readonly ModelInput[],
  options?: EmbedOptions,
): Promise<Float32Array[]>;
export async function embed(
  model: PretrainedModel,
  texts: readonly ModelInput[],
  options: EmbedOptions = {},
): Promise<Float32Array[] | Embedding[]> {
  const { normalize = true, batchSize = 32, returnWeights, signal } = options;
  const encoder = encoderOf('embed', model);
  const pooling = options.pooling ?? (await storedPooling(model));
  if (pooling !== 'mean' && pooling !== 'cls') {
    throw new ArgumentError(`embed: pooling must be mean or cls, got ${String(pooling satisfies never)}`);
  }
  const textLength = await storedLength(model);
  const inputs = await encodeInputs('embed', model, texts, { maxLength: options.maxLength, textLength });
  const embeddings = await inBatches('embed', inputs, { batchSize, signal }, (batch) =>
    encodeBatch(encoder, batch, returnWeights, ({ output }, row, { ids }): Embedding => {
      const vectors = output.at(row).toFloat32Array();
      const vector = pool(vectors, pooling === 'cls' ? 1 : ids.length, encoder.config.modelSize);
      return { vector: normalize ? normalized(vector) : vector };
    }),
  );
  return returnWeights ? embeddings : embeddings.map(({ vector }) => vector);
}

/** The mean of the first `count` rows. */
export function pool(vectors: Float32Array, count: number, size: number): Float32Array {
  const sums = new Float64Array(size);
  for (let i = 0; i < count * size; i++) sums[i % size]! += vectors[i]!;
  return Float32Array.from(sums, (sum) => sum / count);
}

/** Of length 1; zeros stay zeros. */
export function normalized(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return length === 0 ? vector : vector.map((x) => x / length);
}

/** What sentence-transformers wrote of pooling. */
async function storedPooling({ folder, json }: PretrainedModel): Promise<Pooling> {
  const modules = await json('modules.json');
  const steps = (Array.isArray(modules) ? modules : []) as readonly { type?: unknown; path?: unknown }[];
  const unknown = steps.find(({ type }) => !/\.(Transformer|Pooling|Normalize)$/.test(String(type)));
  if (unknown) {
    throw new UnsupportedError(
      `${folder.name}: modules.json has ${unknown.type}, supported are Transformer, Pooling, Normalize`,
    );
  }
  const path = steps.find(({ type }) => String(type).endsWith('.Pooling'))?.path ?? '1_Pooling';
  const fields = (await json(`${path}/config.json`)) as Readonly<Record<string, unknown>> | undefined;
  const modes = Object.entries(fields ?? {}).filter(
    ([name, value]) => name.startsWith('pooling_mode_') && value === true,
  );
  const [mode = 'pooling_mode_mean_tokens', ...others] = modes.map(([name]) => name);
  if (others.length === 0 && mode === 'pooling_mode_mean_tokens') return 'mean';
  if (others.length === 0 && mode === 'pooling_mode_cls_token') return 'cls';
  throw new UnsupportedError(
    `${folder.name}: ${path}/config.json has ${[mode, ...others].join(' and ')}, supported is pooling_mode_mean_tokens or pooling_mode_cls_token`,
  );
}

async function storedLength({ json }: PretrainedModel): Promise<number | undefined> {
  const fields = (await json('sentence_bert_config.json')) as { max_seq_length?: unknown } | undefined;
  const length = fields?.max_seq_length;
  return typeof length === 'number' && length > 0 ? length : undefined;
}
