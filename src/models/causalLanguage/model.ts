/**
 * Causal language modelling (Radford 2018, "GPT"): each token is told from those before it.
 *
 *   h = causal encoder(E(<s>, tokens) + positions)     p(next token after t) = softmax(W_o h_t + b_o)
 *
 * Parameters: those of `LanguageModel`. Rotary positions are not among them: multi-head attention does not turn its heads.
 */
import type { StepModel } from '../../decode/stepModel.ts';
import type { TransformerEncoderCache } from '../../layers/encoderCache.ts';
import {
  createParameters,
  type LoadOptions,
  loadParameters,
  type Parameters,
} from '../../layers/parameters.ts';
import { checkLengths } from '../../ops/lengths.ts';
import { logSoftmax } from '../../ops/softmax.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Random } from '../../tensor/random.ts';
import { expectShape } from '../../tensor/shape.ts';
import { expectDType, Tensor } from '../../tensor/tensor.ts';
import type { WeightSource } from '../../tensor/weights.ts';
import { checkLanguageModel, IGNORED } from '../language/config.ts';
import {
  type LanguageLossOptions,
  LanguageModel,
  type LanguageModelResult,
  type LanguagePassOptions,
} from '../language/model.ts';
import type { CausalBatch } from './batch.ts';
import type { CausalLanguageModelConfig } from './config.ts';
import { type CachedLanguageModel, type CausalState, CausalStepModel } from './decoding.ts';

const WHERE = 'causalLanguageModel';

export class CausalLanguageModel
  extends LanguageModel<CausalLanguageModelConfig>
  implements CachedLanguageModel
{
  /** @throws ArgumentError for a configuration that does not fit */
  constructor(source: Parameters, config: CausalLanguageModelConfig) {
    const { startId, endId } = config;
    checkLanguageModel(WHERE, config, { startId, endId });
    super(WHERE, source, config);
  }

  /** A model with fresh parameters. */
  static create(runtime: Runtime, config: CausalLanguageModelConfig, random: Random): CausalLanguageModel {
    return createParameters(runtime, random, (parameters) => new CausalLanguageModel(parameters, config));
  }

  /** @throws FormatError listing every missing, misshapen and unexpected tensor */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: CausalLanguageModelConfig,
    { prefix = '', arithmetic }: LoadOptions = {},
  ): CausalLanguageModel {
    const build = (parameters: Parameters): CausalLanguageModel =>
      new CausalLanguageModel(parameters, config);
    return loadParameters(runtime, weights, prefix, build, arithmetic);
  }

  /**
   * Logits of the token after each position, which sees itself and those before: padding on the right changes nothing, so
   * that no lengths are needed.
   * @param ids i32 [batch, time], each row beginning with `startId`
   * @throws ShapeError, DTypeError; ArgumentError for unknown ids, or more than maxLength
   */
  forward(ids: Tensor, { random, returnWeights }: LanguagePassOptions = {}): LanguageModelResult {
    return this.runtime.scope(() => {
      const embedded = this.embed(ids, 0, random);
      const { output, weights } = this.encoder.forward(embedded, { mask: 'causal', random, returnWeights });
      return { logits: this.classify(output), weights };
    });
  }

  /**
   * Mean cross-entropy of each token after the first, given those before it; padding costs nothing.
   * @returns a scalar; NaN where no row has two tokens
   * @throws ShapeError, DTypeError; ArgumentError for unknown ids, lengths outside 0..time, more than maxLength + 1 positions
   */
  loss({ ids, lengths }: CausalBatch, options: LanguageLossOptions = {}): Tensor {
    expectShape(WHERE, 'ids', ids.shape, [null, null]);
    expectDType(WHERE, 'ids', ids, 'i32', this.runtime);
    const [batch, time] = ids.shape as readonly [number, number];
    if (lengths) checkLengths(WHERE, lengths, batch, time, this.runtime);
    const held = lengths?.toArray();
    const tokens = ids.toArray();
    const steps = Math.max(0, time - 1);
    const rowsOf = (tokenAt: (row: number, t: number) => number): Tensor => {
      const values = Array.from({ length: batch * steps }, (_, i) =>
        tokenAt(Math.floor(i / steps), i % steps),
      );
      return Tensor.from(this.runtime, values, [batch, steps], 'i32');
    };
    return this.runtime.scope(() => {
      const input = rowsOf((row, t) => tokens[row * time + t]!);
      const targets = rowsOf((row, t) =>
        t + 1 < (held?.[row] ?? time) ? tokens[row * time + t + 1]! : IGNORED,
      );
      const { logits } = this.forward(input, { random: options.random });
      return this.crossEntropy(logits, targets, options);
    });
  }

  /**
   * Reads the beginnings of rows at once and makes ready for steps. Not differentiable.
   * @param ids i32 [batch, time], each row beginning with `startId`, padded with any ids
   * @param lengths how many positions of each row to read: less than maxLength, 0 for none
   * @returns the cache that `step` works in; the caller disposes of it
   * @throws ShapeError, DTypeError; ArgumentError for unknown ids, lengths outside 0..time, more than maxLength
   */
  start(ids: Tensor, lengths: readonly number[]): TransformerEncoderCache {
    return this.runtime.scope(() => {
      const embedded = this.embed(ids);
      const { maxLength } = this.config;
      const cache = this.encoder.createCache(this.runtime, { batch: ids.shape[0]!, maxLength });
      try {
        this.encoder.step(embedded, cache);
        cache.truncate(lengths);
        return cache;
      } catch (error) {
        cache.dispose();
        throw error;
      }
    });
  }

  /**
   * One decoding step; the cache is changed in place.
   * @param previous i32 [batch], the next token of each row, `startId` where it holds none
   * @returns log-probabilities [batch, vocabulary] of the token after; and the last layer's attention, its mean over the
   * heads, [batch, held]: row b's to the start token and all that it has read, this token included, and 0 behind them
   * @throws ShapeError, DTypeError; ArgumentError for unknown ids, or past maxLength; the cache then holds what it held
   */
  step(previous: Tensor, cache: TransformerEncoderCache): { logProbabilities: Tensor; weights: Tensor } {
    const { batch, lengths } = cache;
    expectShape(WHERE, 'previous', previous.shape, [batch]);
    return this.runtime.scope(() => {
      const embedded = this.embed(previous.reshape([batch, 1]), lengths);
      const { output, weights } = this.encoder.step(embedded, cache, { returnWeights: true });
      const logits = this.classify(output.reshape([batch, this.config.modelSize]));
      return { logProbabilities: logSoftmax(logits), weights: weights!.reshape([batch, cache.length]) };
    });
  }

  /**
   * What the decoders in `decode/` drive: each item continues its prompt, which stands behind `startId` and may be empty.
   * What they give has the continuations only. There is room for maxLength - prompt.length tokens of one; the decoders'
   * own limits must keep within it. The attention of a token goes to the start, the prompt and what was written before it,
   * in this order; rows that have less behind them than others end in zeros.
   * @throws ArgumentError for a prompt with an unknown id, or of maxLength tokens or more
   */
  stepModel(prompts: readonly (readonly number[])[]): StepModel<CausalState> {
    return new CausalStepModel(this, prompts);
  }
}
