/**
 * Masked language modelling (Devlin 2019, "BERT"): tokens are hidden, and what stood there is told from both sides.
 *
 *   h = encoder(E(ids) + positions)     p(token at t) = softmax(W_o h_t + b_o)
 *
 * Parameters: those of `LanguageModel`. Left out of BERT: pairs of sentences and the guess whether they follow each other,
 * the norm of the embeddings, the extra layer before the output.
 */
import {
  createParameters,
  type LoadOptions,
  loadParameters,
  type Parameters,
} from '../../layers/parameters.ts';
import { checkLengths } from '../../ops/lengths.ts';
import { softmax } from '../../ops/softmax.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Random } from '../../tensor/random.ts';
import { expectShape } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { WeightSource } from '../../tensor/weights.ts';
import { idRows } from '../idRows.ts';
import { checkLanguageModel } from '../language/config.ts';
import {
  type LanguageLossOptions,
  LanguageModel,
  type LanguageModelResult,
  type LanguagePassOptions,
} from '../language/model.ts';
import type { MaskedLanguageModelConfig } from './config.ts';
import { candidatesOf, checkFillMask, type FilledMask, type FillMaskOptions } from './fillMask.ts';

/** What `maskTokens` made of padded rows. */
export interface MaskedBatch {
  /** i32 [batch, time]: tokens, of which some are hidden, padded with any ids. */
  readonly input: Tensor;
  /** i32 [batch, time]: what is hidden, and -100 where there is nothing to tell. */
  readonly targets: Tensor;
  /** i32 [batch]: the first lengths[b] positions exist; all by default. */
  readonly lengths?: Tensor;
}

export class MaskedLanguageModel extends LanguageModel<MaskedLanguageModelConfig> {
  /** @throws ArgumentError for a configuration that does not fit */
  constructor(source: Parameters, config: MaskedLanguageModelConfig) {
    checkLanguageModel('maskedLanguageModel', config, { maskId: config.maskId });
    super('maskedLanguageModel', source, config);
  }

  /** A model with fresh parameters. */
  static create(runtime: Runtime, config: MaskedLanguageModelConfig, random: Random): MaskedLanguageModel {
    return createParameters(runtime, random, (parameters) => new MaskedLanguageModel(parameters, config));
  }

  /** @throws FormatError listing every missing, misshapen and unexpected tensor */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: MaskedLanguageModelConfig,
    { prefix = '', arithmetic }: LoadOptions = {},
  ): MaskedLanguageModel {
    const build = (parameters: Parameters): MaskedLanguageModel =>
      new MaskedLanguageModel(parameters, config);
    return loadParameters(runtime, weights, prefix, build, arithmetic);
  }

  /**
   * Logits of every position, each of which sees all of its row.
   * @param ids i32 [batch, time], padded with any ids
   * @param options.lengths i32 [batch]: the first lengths[b] positions exist; all by default
   * @throws ShapeError, DTypeError; ArgumentError for unknown ids, lengths outside 0..time, more than maxLength
   */
  forward(
    ids: Tensor,
    { lengths, random, returnWeights }: LanguagePassOptions & { readonly lengths?: Tensor } = {},
  ): LanguageModelResult {
    return this.runtime.scope(() => {
      if (lengths) checkLengths('maskedLanguageModel', lengths, ids.shape[0]!, ids.shape[1]!, this.runtime);
      const embedded = this.embed(ids, 0, random);
      const { output, weights } = this.encoder.forward(embedded, { lengths, random, returnWeights });
      return { logits: this.classify(output), weights };
    });
  }

  /**
   * Mean cross-entropy of what is hidden.
   * @returns a scalar; NaN where nothing is
   * @throws ShapeError, DTypeError, ArgumentError
   */
  loss({ input, targets, lengths }: MaskedBatch, options: LanguageLossOptions = {}): Tensor {
    expectShape('maskedLanguageModel', 'targets', targets.shape, input.shape);
    return this.runtime.scope(() => {
      const { logits } = this.forward(input, { lengths, random: options.random });
      return this.crossEntropy(logits, targets, options);
    });
  }

  /**
   * What may stand in the place of each mask, each told as if the other masks stayed.
   * @param rows sequences, each with `maskId` somewhere
   * @returns for each sequence its masks in order
   * @throws DTypeError; ArgumentError for a row without a mask, with an unknown id, or longer than maxLength
   */
  fillMask(
    rows: readonly (readonly number[])[],
    { topK = Math.min(5, this.config.vocabulary), returnWeights = false }: FillMaskOptions = {},
  ): FilledMask[][] {
    checkFillMask(this.config, rows, topK);
    const { maskId, vocabulary } = this.config;
    return this.runtime.scope(() => {
      const { ids, lengths } = idRows(this.runtime, rows, maskId);
      const result = this.forward(ids, { lengths, returnWeights: returnWeights && 'mean' });
      const time = ids.shape[1]!;
      const probabilities = softmax(result.logits).toFloat32Array();
      const weights = result.weights?.at(-1)?.toFloat32Array();
      return rows.map((row, r) =>
        row.flatMap((id, position) => {
          if (id !== maskId) return [];
          const at = r * time + position;
          const own = probabilities.subarray(at * vocabulary, (at + 1) * vocabulary);
          return {
            position,
            candidates: candidatesOf(own, topK),
            ...(weights && { weights: weights.slice(at * time, at * time + row.length) }),
          };
        }),
      );
    });
  }
}
