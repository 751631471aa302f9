/**
 * Sequence to sequence with attention alone (Vaswani 2017, "Attention is all you need"):
 *
 *   x = sqrt(d) E_s(source) + positions             memory = encoder(x)
 *   y = sqrt(d) E_t(<sos>, target) + positions      p = softmax(W_o decoder(y, memory) + b_o)
 *
 * Parameters: `src_embedding.weight`, `tgt_embedding.weight` (or one `embedding.weight`, where all are tied),
 * `src_positions.weight`, `tgt_positions.weight` (where learned), `encoder.*`, `decoder.*` (as nn.Transformer's),
 * `out.weight` (where not tied to the target's embedding), `out.bias`.
 */

import type { StepModel } from '../../decode/stepModel.ts';
import { ArgumentError } from '../../errors.ts';
import type { TransformerDecoderCache } from '../../layers/decoderCache.ts';
import { Embedding } from '../../layers/embedding.ts';
import type { ReturnedWeights } from '../../layers/multiHeadAttention.ts';
import {
  createParameters,
  type LoadOptions,
  loadParameters,
  type Parameters,
} from '../../layers/parameters.ts';
import { LearnedPositions, SinusoidalPositions } from '../../layers/positions.ts';
import { drop } from '../../layers/residual.ts';
import { TiedEmbedding } from '../../layers/tiedEmbedding.ts';
import { Transformer, type TransformerDecoderResult } from '../../layers/transformer.ts';
import { crossEntropy } from '../../ops/crossEntropy.ts';
import { scale } from '../../ops/elementwise.ts';
import { linear } from '../../ops/linear.ts';
import { logSoftmax } from '../../ops/softmax.ts';
import { disposeWeight, type Weight } from '../../ops/weight.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Random } from '../../tensor/random.ts';
import { checkSizes, expectShape } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { WeightSource } from '../../tensor/weights.ts';
import { checkTokens } from '../tokens.ts';
import type { TransformerBatch } from './batch.ts';
import type { TransformerSeq2SeqConfig } from './config.ts';
import { type CachedEncoderDecoder, TransformerStepModel } from './decoding.ts';

/** Options of a pass over whole sequences. */
export interface TransformerPassOptions {
  /** Where dropout gets its seeds; no dropout without it. */
  readonly random?: Random;
  /** Whether to return each layer's attention weights, of each head or their mean; false by default. */
  readonly returnWeights?: ReturnedWeights;
}

/** What `forward` returns; weights by layer. */
export interface TransformerSeq2SeqResult extends Omit<TransformerDecoderResult, 'output'> {
  /** [batch, target length, target vocabulary] */
  readonly logits: Tensor;
  readonly encoderWeights?: readonly Tensor[];
}

/** One side: what turns its ids into vectors. */
interface Side {
  readonly embedding: Embedding | TiedEmbedding;
  readonly positions: SinusoidalPositions | LearnedPositions;
}

export class TransformerSeq2Seq implements CachedEncoderDecoder {
  readonly runtime: Runtime;
  readonly config: TransformerSeq2SeqConfig;
  readonly #parameters = new Map<string, Tensor>();
  readonly #source: Side;
  readonly #target: Side;
  readonly #stacks: Transformer;
  /** Of the output, unless it is the target's embedding. */
  readonly #outWeight: Weight | undefined;
  readonly #outBias: Tensor;

  /** @throws ArgumentError for a configuration that does not fit */
  constructor(source: Parameters, config: TransformerSeq2SeqConfig) {
    const parameters = source.into(this.#parameters);
    this.runtime = parameters.runtime;
    this.config = config;
    const { modelSize, targetVocabulary, tiedEmbeddings = 'none' } = config;
    checkConfig(config);
    const [src, tgt] = createEmbeddings(parameters, config);
    const [srcPositions, tgtPositions] = createPositions(parameters, config);
    this.#stacks = new Transformer(parameters, config);
    const out = parameters.within('out.');
    this.#outWeight =
      tiedEmbeddings === 'none'
        ? out.weight('weight', [targetVocabulary, modelSize], { bound: 1 / Math.sqrt(modelSize) })
        : undefined;
    this.#outBias = out.get('bias', [targetVocabulary], { value: 0 });
    this.#source = { embedding: src, positions: srcPositions };
    this.#target = { embedding: tgt, positions: tgtPositions };
  }

  /** A model with fresh parameters. */
  static create(runtime: Runtime, config: TransformerSeq2SeqConfig, random: Random): TransformerSeq2Seq {
    return createParameters(runtime, random, (parameters) => new TransformerSeq2Seq(parameters, config));
  }

  /** @throws FormatError listing every missing, misshapen and unexpected tensor */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: TransformerSeq2SeqConfig,
    { prefix = '', arithmetic }: LoadOptions = {},
  ): TransformerSeq2Seq {
    const build = (parameters: Parameters): TransformerSeq2Seq => new TransformerSeq2Seq(parameters, config);
    return loadParameters(runtime, weights, prefix, build, arithmetic);
  }

  /** All parameters by name, tied ones once: what an optimizer steps and a file stores; without those loaded in int8. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  /** sqrt(d) E(ids) + positions. @param ids i32 [batch, time] */
  #embed(ids: Tensor, { embedding, positions }: Side, offset: number, random?: Random): Tensor {
    const { modelSize, scaleEmbeddings = true, dropout } = this.config;
    const vectors = embedding.forward(ids);
    const scaled = scaleEmbeddings ? scale(vectors, Math.sqrt(modelSize)) : vectors;
    return drop(positions.forward(scaled, offset), dropout, random);
  }

  /** Logits of what the decoder gives. @param x [..., modelSize] */
  #classify(x: Tensor): Tensor {
    if (this.#outWeight) return linear(x, this.#outWeight, this.#outBias);
    return (this.#target.embedding as TiedEmbedding).score(x, this.#outBias);
  }

  /**
   * Reads a batch of sources.
   * @param source i32 [batch, source length], padded with any ids
   * @param lengths i32 [batch]; a source of length 0 is attended to as zeros
   * @returns output [batch, source length, modelSize], and each layer's weights on request
   * @throws ShapeError, DTypeError; ArgumentError for unknown ids, lengths over the padded size, more than maxLength
   */
  encode(
    source: Tensor,
    lengths: Tensor,
    { random, returnWeights }: TransformerPassOptions = {},
  ): { output: Tensor; weights?: readonly Tensor[] } {
    expectShape('TransformerSeq2Seq.encode', 'source', source.shape, [null, null]);
    return this.runtime.scope(() => {
      const embedded = this.#embed(source, this.#source, 0, random);
      return this.#stacks.encoder.forward(embedded, { lengths, returnWeights, random });
    });
  }

  /**
   * Logits of every target position with the true tokens as input (teacher forcing).
   * @returns logits, and on request the weights of each layer: of the encoder, of targets over targets and over sources
   * @throws ShapeError, DTypeError, ArgumentError
   */
  forward(batch: TransformerBatch, options: TransformerPassOptions = {}): TransformerSeq2SeqResult {
    const { random, returnWeights } = options;
    expectShape('TransformerSeq2Seq.forward', 'targetInput', batch.targetInput.shape, [
      batch.source.shape[0]!,
      null,
    ]);
    return this.runtime.scope(() => {
      const memory = this.encode(batch.source, batch.sourceLengths, options);
      const { output, ...weights } = this.#stacks.decoder.forward(
        this.#embed(batch.targetInput, this.#target, 0, random),
        memory.output,
        {
          mask: 'causal',
          memoryLengths: batch.sourceLengths,
          returnSelfWeights: returnWeights,
          returnCrossWeights: returnWeights,
          random,
        },
      );
      return { logits: this.#classify(output), encoderWeights: memory.weights, ...weights };
    });
  }

  /**
   * Mean cross-entropy of the target under teacher forcing; padding costs nothing.
   * @param options.random where dropout gets its seeds; no dropout without it
   * @param options.divisor what the summed loss is divided by; the number of real target tokens by default
   */
  loss(
    batch: TransformerBatch,
    options: { random?: Random; labelSmoothing?: number; divisor?: number } = {},
  ): Tensor {
    const { random, labelSmoothing, divisor } = options;
    expectShape('TransformerSeq2Seq.loss', 'targetOutput', batch.targetOutput.shape, batch.targetInput.shape);
    return this.runtime.scope(() => {
      const { logits } = this.forward(batch, { random });
      const rows = batch.targetOutput.size;
      return crossEntropy(
        logits.reshape([rows, this.config.targetVocabulary]),
        batch.targetOutput.reshape([rows]),
        { ignored: this.config.paddingId, labelSmoothing, divisor },
      );
    });
  }

  /**
   * Reads sources and makes ready for steps. Not differentiable.
   * @returns the cache that `step` works in; the caller disposes of it
   */
  start(source: Tensor, lengths: Tensor): TransformerDecoderCache {
    return this.runtime.scope(() => {
      const { output } = this.encode(source, lengths);
      const { maxLength } = this.config;
      return this.#stacks.decoder.remember(output, lengths, { maxLength });
    });
  }

  /**
   * One decoding step; the cache is changed in place.
   * @param previous i32 [batch], the tokens just written (`<sos>` at first)
   * @returns log-probabilities [batch, target vocabulary] and the last layer's attention to the source, its mean over the
   * heads, [batch, 1, source length]
   * @throws ShapeError, DTypeError; ArgumentError for unknown ids, or past maxLength
   */
  step(previous: Tensor, cache: TransformerDecoderCache): { logProbabilities: Tensor; weights: Tensor } {
    expectShape('TransformerSeq2Seq.step', 'previous', previous.shape, [cache.batch]);
    return this.runtime.scope(() => {
      const x = this.#embed(previous.reshape([cache.batch, 1]), this.#target, cache.length);
      const { output, weights } = this.#stacks.decoder.step(x, cache, { returnWeights: true });
      const logits = this.#classify(output.reshape([cache.batch, this.config.modelSize]));
      return { logProbabilities: logSoftmax(logits), weights: weights! };
    });
  }

  /** What the decoders in `decode/` drive: sources given as id lists. */
  stepModel(sources: readonly (readonly number[])[]): StepModel<TransformerDecoderCache> {
    return new TransformerStepModel(this, sources);
  }

  dispose(): void {
    for (const { embedding, positions } of [this.#source, this.#target]) {
      embedding.dispose();
      positions.dispose();
    }
    this.#stacks.dispose();
    if (this.#outWeight) disposeWeight(this.#outWeight);
    this.#outBias.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** @throws ArgumentError */
function checkConfig(config: TransformerSeq2SeqConfig): void {
  const { sourceVocabulary, targetVocabulary, tiedEmbeddings = 'none', positions = 'sinusoidal' } = config;
  const refuse = (message: string): never => {
    throw new ArgumentError(`transformerSeq2Seq: ${message}`);
  };
  const { modelSize, maxLength } = config;
  checkSizes('transformerSeq2Seq', { sourceVocabulary, targetVocabulary, modelSize, maxLength });
  checkTokens('transformerSeq2Seq', targetVocabulary, config);
  if (tiedEmbeddings !== 'none' && tiedEmbeddings !== 'target' && tiedEmbeddings !== 'all') {
    refuse(`tiedEmbeddings must be none, target or all, got ${String(tiedEmbeddings satisfies never)}`);
  }
  if (tiedEmbeddings === 'all' && sourceVocabulary !== targetVocabulary) {
    refuse(
      `all embeddings can be tied only within one vocabulary, got ${sourceVocabulary} and ${targetVocabulary}`,
    );
  }
  if (positions !== 'sinusoidal' && positions !== 'learned') {
    refuse(`positions must be sinusoidal or learned, got ${String(positions satisfies never)}`);
  }
}

/** The source's and the target's, which may be one. */
function createEmbeddings(
  parameters: Parameters,
  config: TransformerSeq2SeqConfig,
): readonly [Side['embedding'], Side['embedding']] {
  const { sourceVocabulary, targetVocabulary, modelSize: size, paddingId, tiedEmbeddings = 'none' } = config;
  if (tiedEmbeddings === 'all') {
    const shared = new TiedEmbedding(parameters.within('embedding.'), {
      count: targetVocabulary,
      size,
      paddingId,
    });
    return [shared, shared];
  }
  const Target = tiedEmbeddings === 'target' ? TiedEmbedding : Embedding;
  return [
    new Embedding(parameters.within('src_embedding.'), { count: sourceVocabulary, size, paddingId }),
    new Target(parameters.within('tgt_embedding.'), { count: targetVocabulary, size, paddingId }),
  ];
}

/** The source's and the target's; sinusoidal ones are the same. */
function createPositions(
  parameters: Parameters,
  { positions, sinusoidalLayout, maxLength, modelSize: size }: TransformerSeq2SeqConfig,
): readonly [Side['positions'], Side['positions']] {
  if (positions === 'learned') {
    const create = (prefix: string): LearnedPositions =>
      new LearnedPositions(parameters.within(prefix), { maxLength, size });
    return [create('src_positions.'), create('tgt_positions.')];
  }
  const shared = new SinusoidalPositions(parameters.runtime, { maxLength, size }, sinusoidalLayout);
  return [shared, shared];
}
