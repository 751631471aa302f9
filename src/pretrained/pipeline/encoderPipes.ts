/** Pipelines over encoders: calls and results as transformers.js has them. */
import { UnsupportedError } from '../../errors.ts';
import { type ClassScore, classify } from '../classify.ts';
import { embed, normalized } from '../embed.ts';
import { encodeBatch, encoderOf, inBatches } from '../encoderPass.ts';
import { fillMask } from '../fillMask.ts';
import type { PretrainedModel } from '../loadModel.ts';
import { encodeInputs } from '../modelInput.ts';
import { groupSpans, type LabelledSpan, tokenClassify } from '../tokenClassify.ts';
import { only } from './options.ts';
import { ResultTensor } from './resultTensor.ts';

export interface FeatureExtractionOptions {
  /** 'none', one vector for each token, by default. */
  readonly pooling?: 'none' | 'mean' | 'cls' | 'first_token';
  /** false by default. */
  readonly normalize?: boolean;
}

/** Vectors, [texts, size]; or [texts, longest, size] for 'none', zeros where a text has no token. */
export type FeatureExtraction = (
  texts: string | readonly string[],
  options?: FeatureExtractionOptions,
) => Promise<ResultTensor>;

export function featureExtraction(model: PretrainedModel): FeatureExtraction {
  const encoder = encoderOf('feature-extraction', model);
  return async (texts, options = {}) => {
    only('feature-extraction', options, ['pooling', 'normalize']);
    const { pooling = 'none', normalize = false } = options;
    const list = listOf(texts);
    const size = encoder.config.modelSize;
    if (pooling === 'none') {
      const inputs = await encodeInputs('feature-extraction', model, list);
      const rows = await inBatches('feature-extraction', inputs, { batchSize: 32 }, (batch) =>
        encodeBatch(encoder, batch, false, ({ output }, row, { ids }) => ({
          vectors: output.at(row).slice(0, ids.length).toFloat32Array(),
        })),
      );
      const time = Math.max(0, ...rows.map(({ vectors }) => vectors.length / size));
      const data = new Float32Array(rows.length * time * size);
      rows.forEach(({ vectors }, row) => {
        data.set(normalize ? eachNormalized(vectors, size) : vectors, row * time * size);
      });
      return new ResultTensor(data, [rows.length, time, size]);
    }
    if (pooling !== 'mean' && pooling !== 'cls' && pooling !== 'first_token') {
      throw new UnsupportedError(
        `feature-extraction: pooling is ${String(pooling satisfies never)}, supported are none, mean, cls, first_token`,
      );
    }
    const vectors = await embed(model, list, { pooling: pooling === 'mean' ? 'mean' : 'cls', normalize });
    const data = new Float32Array(vectors.length * size);
    vectors.forEach((vector, row) => {
      data.set(vector, row * size);
    });
    return new ResultTensor(data, [vectors.length, size]);
  };
}

function eachNormalized(vectors: Float32Array, size: number): Float32Array {
  const all = new Float32Array(vectors.length);
  for (let from = 0; from < vectors.length; from += size) {
    all.set(normalized(vectors.subarray(from, from + size)), from);
  }
  return all;
}

export interface FilledSequence {
  readonly score: number;
  readonly token: number;
  readonly token_str: string;
  /** The text with this token in the place of its first mask. */
  readonly sequence: string;
}

export interface FillMaskPipelineOptions {
  /** 5 by default. */
  readonly top_k?: number;
}

/** What may stand in the place of a text's first mask. */
export interface FillMaskPipeline {
  (text: string, options?: FillMaskPipelineOptions): Promise<FilledSequence[]>;
  (texts: readonly string[], options?: FillMaskPipelineOptions): Promise<FilledSequence[][]>;
}

export function fillMaskPipe(model: PretrainedModel): FillMaskPipeline {
  encoderOf('fill-mask', model, 'mask');
  const pipe = async (
    texts: string | readonly string[],
    options: FillMaskPipelineOptions = {},
  ): Promise<FilledSequence[] | FilledSequence[][]> => {
    only('fill-mask', options, ['top_k']);
    const tokenizer = await model.tokenizer();
    const filled = await fillMask(model, listOf(texts), { topK: options.top_k ?? 5 });
    const results = filled.map(({ ids, masks: [first] }) =>
      first!.candidates.map(({ id, score, text }): FilledSequence => {
        const sequence = ids.map((own, at) => (at === first!.position ? id : own));
        return { score, token: id, token_str: text!, sequence: tokenizer.decode(sequence) };
      }),
    );
    return typeof texts === 'string' ? results[0]! : results;
  };
  return pipe as FillMaskPipeline;
}

export interface TextClassificationOptions {
  /** 1 by default; null for all. */
  readonly top_k?: number | null;
}

/** Classes of texts: of each the best one, or with `top_k` a list. */
export interface TextClassification {
  (text: string, options?: TextClassificationOptions): Promise<ClassScore[]>;
  (texts: readonly string[], options?: { readonly top_k?: 1 }): Promise<ClassScore[]>;
  (texts: readonly string[], options: TextClassificationOptions): Promise<ClassScore[] | ClassScore[][]>;
}

export function textClassification(model: PretrainedModel): TextClassification {
  encoderOf('text-classification', model, 'sequence');
  const pipe = async (
    texts: string | readonly string[],
    options: TextClassificationOptions = {},
  ): Promise<ClassScore[] | ClassScore[][]> => {
    only('text-classification', options, ['top_k']);
    const { top_k = 1 } = options;
    const found = await classify(model, listOf(texts), { topK: top_k ?? Number.POSITIVE_INFINITY });
    const classes = found.map((each) => [...each.classes]);
    if (top_k === 1) return classes.flat();
    return typeof texts === 'string' ? classes[0]! : classes;
  };
  return pipe as TextClassification;
}

export interface TokenClassificationOptions {
  /** ['O'] by default. */
  readonly ignore_labels?: readonly string[];
  /** 'none' by default; 'simple' joins neighbours of one class. */
  readonly aggregation_strategy?: 'none' | 'simple';
}

export interface ClassifiedToken {
  /** Of a token; `entity_group` of joined ones. */
  readonly entity?: string;
  readonly entity_group?: string;
  readonly score: number;
  /** Of a token among all, special ones counted. */
  readonly index?: number;
  readonly word: string;
  /** Where it lies in the text. */
  readonly start?: number;
  readonly end?: number;
}

export interface TokenClassification {
  (text: string, options?: TokenClassificationOptions): Promise<ClassifiedToken[]>;
  (texts: readonly string[], options?: TokenClassificationOptions): Promise<ClassifiedToken[][]>;
}

export function tokenClassification(model: PretrainedModel): TokenClassification {
  encoderOf('token-classification', model, 'token');
  const pipe = async (
    texts: string | readonly string[],
    options: TokenClassificationOptions = {},
  ): Promise<ClassifiedToken[] | ClassifiedToken[][]> => {
    only('token-classification', options, ['ignore_labels', 'aggregation_strategy']);
    const { ignore_labels = ['O'], aggregation_strategy = 'none' } = options;
    if (aggregation_strategy !== 'none' && aggregation_strategy !== 'simple') {
      throw new UnsupportedError(
        `token-classification: aggregation_strategy is ${String(aggregation_strategy satisfies never)}, supported are none, simple`,
      );
    }
    const tokenizer = await model.tokenizer();
    const found = await tokenClassify(model, listOf(texts));
    const results = found.map(({ spans }) =>
      aggregation_strategy === 'simple'
        ? groupSpans(spans, tokenizer, ignore_labels).map((span) => ({
            entity_group: span.label,
            ...placed(span),
          }))
        : spans
            .filter(({ label }) => !ignore_labels.includes(label))
            .map((span) => ({ entity: span.label, index: span.positions[0], ...placed(span) })),
    );
    return typeof texts === 'string' ? results[0]! : results;
  };
  return pipe as TokenClassification;
}

function placed({
  score,
  text,
  offsets,
}: LabelledSpan): Pick<ClassifiedToken, 'score' | 'word' | 'start' | 'end'> {
  return { score, word: text!, ...(offsets && { start: offsets[0], end: offsets[1] }) };
}

export function listOf(texts: string | readonly string[]): readonly string[] {
  return typeof texts === 'string' ? [texts] : texts;
}
