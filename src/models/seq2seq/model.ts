/**
 * Sequence to sequence: a recurrent encoder reads the source, and a decoder writes the target, attending to what was
 * read at every step. Each decoder's equations stand in its file in `layers/`.
 *
 *   h = encoder(e(x))     s_t = decoder(e(y_{t-1}), s_{t-1}, h)     p(y_t) = softmax(W_o features(s_t) + b_o)
 *
 * Parameters: `src_embedding`, `tgt_embedding`, `encoder.*`, the decoder's (which are under no prefix), `out`.
 */

import type { StepModel } from '../../decode/stepModel.ts';
import type { Decoder, DecoderStep, Decoding } from '../../layers/decoder.ts';
import { Embedding } from '../../layers/embedding.ts';
import { Linear } from '../../layers/linear.ts';
import {
  createParameters,
  type LoadOptions,
  loadParameters,
  type Parameters,
} from '../../layers/parameters.ts';
import { crossEntropy } from '../../ops/crossEntropy.ts';
import { dropout } from '../../ops/dropout.ts';
import { stack } from '../../ops/join.ts';
import { logSoftmax } from '../../ops/softmax.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Random } from '../../tensor/random.ts';
import { checkSizes, expectShape } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { WeightSource } from '../../tensor/weights.ts';
import { DecodingModel } from '../decodingModel.ts';
import { idRows } from '../idRows.ts';
import { checkTokens } from '../tokens.ts';
import type { Seq2SeqBatch } from './batch.ts';
import type { Seq2SeqConfig } from './config.ts';
import {
  flat,
  hardLoss,
  type Seq2SeqForwardOptions,
  type Seq2SeqHardLoss,
  type Seq2SeqLossOptions,
  type Seq2SeqResult,
} from './forward.ts';
import { createDecoder, createEncoder, type Encoder } from './parts.ts';
import { tokenMixer } from './scheduledSampling.ts';

export class Seq2Seq {
  readonly runtime: Runtime;
  readonly config: Seq2SeqConfig;
  readonly #parameters = new Map<string, Tensor>();
  readonly #sourceEmbedding: Embedding;
  readonly #targetEmbedding: Embedding;
  readonly #encoder: Encoder;
  readonly #decoder: Decoder;
  readonly #out: Linear;
  readonly #parts: readonly { dispose(): void }[];

  /** @throws ArgumentError for an unknown cell, decoder or score, or what they cannot work with */
  constructor(source: Parameters, config: Seq2SeqConfig) {
    const parameters = source.into(this.#parameters);
    const { embeddingSize: size, paddingId, sourceVocabulary, targetVocabulary } = config;
    const { encoderHidden, encoderLayers, decoderHidden } = config;
    checkSizes('Seq2Seq', { sourceVocabulary, targetVocabulary, embeddingSize: size });
    checkSizes('Seq2Seq', { encoderHidden, encoderLayers, decoderHidden });
    checkTokens('Seq2Seq', targetVocabulary, config);
    const embed = (name: string, count: number): Embedding =>
      new Embedding(parameters.within(name), { count, size, paddingId });
    this.runtime = parameters.runtime;
    this.config = config;
    this.#sourceEmbedding = embed('src_embedding.', sourceVocabulary);
    this.#targetEmbedding = embed('tgt_embedding.', targetVocabulary);
    this.#encoder = createEncoder(parameters.within('encoder.'), config);
    this.#decoder = createDecoder(parameters, config);
    this.#out = new Linear(parameters.within('out.'), {
      inputs: this.#decoder.featureSize,
      outputs: targetVocabulary,
      bias: config.decoder !== 'bahdanau-2014',
    });
    this.#parts = [this.#sourceEmbedding, this.#targetEmbedding, this.#encoder, this.#decoder, this.#out];
  }

  /** A model with fresh parameters. @throws ArgumentError as the constructor */
  static create(runtime: Runtime, config: Seq2SeqConfig, random: Random): Seq2Seq {
    return createParameters(runtime, random, (parameters) => new Seq2Seq(parameters, config));
  }

  /** @throws FormatError listing every missing, misshapen and unexpected tensor; ArgumentError as the constructor */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: Seq2SeqConfig,
    options: LoadOptions = {},
  ): Seq2Seq {
    const { prefix = '', arithmetic } = options;
    const build = (parameters: Parameters): Seq2Seq => new Seq2Seq(parameters, config);
    return loadParameters(runtime, weights, prefix, build, arithmetic);
  }

  /** All parameters by name: what an optimizer steps and a file stores; without weights loaded in int8. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  /**
   * Reads a batch of sources.
   * @param source i32 [batch, source length], padded with anything
   * @param lengths i32 [batch]
   * @throws ShapeError, DTypeError, ArgumentError
   */
  encode(source: Tensor, lengths: Tensor, random?: Random): Decoding {
    expectShape('Seq2Seq.encode', 'source', source.shape, [null, null]);
    return this.runtime.scope(() => {
      const embedded = this.#drop(this.#sourceEmbedding.forward(source), random);
      const { output, state } = this.#encoder.forward(embedded, { lengths, random });
      const directions = this.config.bidirectional === false ? 1 : 2;
      return this.#decoder.start({ values: output, lengths, final: state.slice(-directions) });
    });
  }

  /** What the decoder's steps take of these tokens. */
  #inputs(ids: Tensor, random: Random | undefined): readonly Tensor[] {
    return this.#decoder.project(this.#drop(this.#targetEmbedding.forward(ids), random));
  }

  #drop(x: Tensor, random: Random | undefined): Tensor {
    const { dropout: rate = 0 } = this.config;
    return random && rate > 0 ? dropout(x, rate, random.bits()) : x;
  }

  /**
   * One decoding step.
   * @param previous i32 [batch], the tokens just written (`<sos>` at first)
   * @returns log-probabilities [batch, target vocabulary] and attention weights [batch, 1, source length]
   */
  step(previous: Tensor, decoding: Decoding): { next: Decoding; logProbabilities: Tensor; weights: Tensor } {
    return this.runtime.scope(() => {
      const inputs = this.#decoder.project(this.#targetEmbedding.forward(previous));
      const { next, features, weights } = this.#decoder.step(inputs, decoding);
      return { next, logProbabilities: logSoftmax(this.#out.forward(features)), weights };
    });
  }

  /**
   * Logits of every target position with the true tokens as input (teacher forcing) or, by scheduled sampling, with some
   * of the model's own.
   * @throws ShapeError, DTypeError, ArgumentError
   */
  forward(batch: Seq2SeqBatch, options: Seq2SeqForwardOptions = {}): Seq2SeqResult {
    const mix = tokenMixer(options);
    const { random } = options;
    const { source, targetInput } = batch;
    return this.runtime.scope(() => {
      const start = this.encode(source, batch.sourceLengths, random);
      expectShape('Seq2Seq.forward', 'targetInput', targetInput.shape, [null, source.shape[0]!]);
      const known = mix ? undefined : this.#inputs(targetInput, random);
      const steps: DecoderStep[] = [];
      for (let t = 0; t < targetInput.shape[0]!; t++) {
        const before = steps[t - 1];
        const ids = (): Tensor => mix!(targetInput.at(t), before && this.#out.forward(before.features));
        const inputs = known?.map((x) => x.at(t)) ?? this.#inputs(ids(), random);
        steps.push(this.#decoder.step(inputs, before?.next ?? start, random));
      }
      const features = stack(steps.map((step) => step.features));
      return {
        logits: this.#out.forward(this.#drop(features, random)),
        weights: stack(steps.map((step) => step.weights)),
        choices: steps.flatMap((step) => step.hard ?? []),
      };
    });
  }

  /** Mean cross-entropy of the target; padding costs nothing. @throws ShapeError, DTypeError, ArgumentError */
  loss(batch: Seq2SeqBatch, options: Seq2SeqLossOptions = {}): Tensor {
    const { labelSmoothing, divisor } = options;
    const { paddingId: ignored } = this.config;
    return this.runtime.scope(() => {
      const { logits } = this.forward(batch, options);
      return crossEntropy(flat(logits), flat(batch.targetOutput), { ignored, labelSmoothing, divisor });
    });
  }

  /** What hard attention learns from, its positions sampled by `random`. @throws as `loss` */
  hardLoss(batch: Seq2SeqBatch, options: Seq2SeqForwardOptions): Seq2SeqHardLoss {
    return this.runtime.scope(() =>
      hardLoss(this.forward(batch, options), batch.targetOutput, this.config.paddingId),
    );
  }

  /** What the decoders in `decode/` drive: sources given as id lists. */
  stepModel(sources: readonly (readonly number[])[]): StepModel<Decoding> {
    const { runtime, config } = this;
    const { targetVocabulary: vocabulary, paddingId, startId, endId } = config;
    const start = () => {
      const { ids, lengths } = idRows(runtime, sources, paddingId);
      return this.encode(ids, lengths);
    };
    const step = (previous: Tensor, decoding: Decoding) => this.step(previous, decoding);
    return new DecodingModel({ runtime, items: sources.length, vocabulary, startId, endId, start, step });
  }

  dispose(): void {
    for (const part of this.#parts) part.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
