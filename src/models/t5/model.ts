/** T5 (Raffel 2020): a Transformer that reads and writes, with relative positions, RMS norms and no biases. */
import { TransformerDecoderCache } from '../../layers/decoderCache.ts';
import { Embedding } from '../../layers/embedding.ts';
import { Linear } from '../../layers/linear.ts';
import type { ReturnedWeights } from '../../layers/multiHeadAttention.ts';
import { RMSNorm } from '../../layers/norm.ts';
import type { Parameters } from '../../layers/parameters.ts';
import { TiedEmbedding } from '../../layers/tiedEmbedding.ts';
import { scale } from '../../ops/elementwise.ts';
import { logSoftmax } from '../../ops/softmax.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { expectShape } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type CachedEncoderDecoder, TransformerStepModel } from '../transformer/decoding.ts';
import { T5Block, type T5BlockOptions } from './block.ts';
import type { T5Config } from './config.ts';
import { RelativePositions } from './relativePositions.ts';

export interface T5PassOptions {
  /** Whether to return each layer's attention, of each head or their mean; false by default. */
  readonly returnWeights?: ReturnedWeights;
  /** Whether to return what goes into each block, and what comes out after the last norm. */
  readonly returnHidden?: boolean;
}

/** What comes out of a stack; weights and hidden vectors on request, by block. */
export interface T5StackResult {
  /** [batch, time, modelSize] */
  readonly output: Tensor;
  /** [batch, time, seen] for 'mean', [batch, heads, time, seen] for 'per-head' */
  readonly weights?: readonly Tensor[];
  /** Of targets over the encoder's output. */
  readonly crossWeights?: readonly Tensor[];
  readonly hidden?: readonly Tensor[];
}

interface T5Stack {
  readonly blocks: readonly T5Block[];
  readonly positions: RelativePositions;
  readonly norm: RMSNorm;
}

export class T5Model implements CachedEncoderDecoder {
  readonly runtime: Runtime;
  readonly config: T5Config;
  readonly #words: Embedding | TiedEmbedding;
  readonly #encoder: T5Stack;
  readonly #decoder: T5Stack;
  readonly #head: Linear | undefined;

  /** @throws ArgumentError for sizes that do not fit */
  constructor(parameters: Parameters, config: T5Config) {
    this.runtime = parameters.runtime;
    this.config = config;
    const { targetVocabulary, modelSize: size, epsilon, tiedEmbeddings } = config;
    const words = parameters.within('words.');
    const table = { count: targetVocabulary, size };
    this.#words = tiedEmbeddings ? new TiedEmbedding(words, table) : new Embedding(words, table);
    const stack = (name: 'encoder' | 'decoder', blocks: number): T5Stack => {
      const own = parameters.within(`${name}.`);
      const decodes = name === 'decoder';
      return {
        blocks: Array.from({ length: blocks }, (_, i) => new T5Block(own.within(`${i}.`), config, decodes)),
        positions: new RelativePositions(own.within('positions.'), config, !decodes),
        norm: new RMSNorm(own.within('norm.'), { size, epsilon }),
      };
    };
    this.#encoder = stack('encoder', config.encoderLayers);
    this.#decoder = stack('decoder', config.decoderLayers);
    const head = { inputs: size, outputs: targetVocabulary, bias: false };
    this.#head = tiedEmbeddings ? undefined : new Linear(parameters.within('head.'), head);
  }

  /**
   * Reads sources.
   * @param source i32 [batch, time], rows filled up at their ends
   * @param lengths i32 [batch]; all tokens are real by default
   * @throws ShapeError, DTypeError; ArgumentError for unknown ids, lengths outside 0..time
   */
  encode(source: Tensor, lengths?: Tensor, options: T5PassOptions = {}): T5StackResult {
    expectShape('t5', 'source', source.shape, [null, null]);
    const time = source.shape[1]!;
    return this.runtime.scope(() => {
      const bias = this.#encoder.positions.bias(time, time);
      return run(this.#encoder, this.#words.forward(source), { ...options, bias, causal: false, lengths });
    });
  }

  /**
   * Logits of every target place with the true tokens before it as input.
   * @param target i32 [batch, target length], which begins with the start token
   * @param memory [batch, source length, modelSize], what `encode` gave
   * @returns logits [batch, target length, vocabulary], and more on request
   * @throws ShapeError, DTypeError, ArgumentError
   */
  decode(
    target: Tensor,
    memory: Tensor,
    memoryLengths?: Tensor,
    options: T5PassOptions = {},
  ): T5StackResult & { readonly logits: Tensor } {
    expectShape('t5', 'target', target.shape, [memory.shape[0]!, null]);
    const time = target.shape[1]!;
    return this.runtime.scope(() => {
      const bias = this.#decoder.positions.bias(time, time);
      const seen = { bias, causal: true, memory: () => memory, memoryLengths };
      const result = run(this.#decoder, this.#words.forward(target), { ...options, ...seen });
      return { ...result, logits: this.#classify(result.output) };
    });
  }

  /** Reads sources and makes ready for steps. @returns the cache that `step` works in; the caller disposes of it */
  start(source: Tensor, lengths: Tensor): TransformerDecoderCache {
    return this.runtime.scope(() => {
      const { output } = this.encode(source, lengths);
      const caches = this.#decoder.blocks.map((block) => block.remember(output));
      return new TransformerDecoderCache(this.runtime, caches, lengths);
    });
  }

  /**
   * One decoding step; the cache is changed in place.
   * @param previous i32 [batch], the tokens just written (the start token at first)
   * @returns log-probabilities [batch, vocabulary] and the last block's attention to the source, its mean over the heads,
   *   [batch, 1, source length]
   */
  step(previous: Tensor, cache: TransformerDecoderCache): { logProbabilities: Tensor; weights: Tensor } {
    expectShape('t5', 'previous', previous.shape, [cache.batch]);
    return this.runtime.scope(() => {
      const x = this.#words.forward(previous.reshape([cache.batch, 1]));
      const { output, crossWeights } = run(this.#decoder, x, {
        bias: this.#decoder.positions.bias(1, cache.length + 1),
        causal: true,
        memory: (i) => cache.layers[i]!,
        memoryLengths: cache.memoryLengths,
        returnWeights: 'mean',
      });
      const logits = this.#classify(output.reshape([cache.batch, this.config.modelSize]));
      return { logProbabilities: logSoftmax(logits), weights: crossWeights!.at(-1)! };
    });
  }

  /** What the decoders in `decode/` drive: sources given as id lists. */
  stepModel(sources: readonly (readonly number[])[]): TransformerStepModel {
    return new TransformerStepModel(this, sources);
  }

  /** Tied vectors are as large as they are read: as scores they are scaled down. */
  #classify(x: Tensor): Tensor {
    if (this.#head) return this.#head.forward(x);
    return (this.#words as TiedEmbedding).score(scale(x, 1 / Math.sqrt(this.config.modelSize)));
  }

  dispose(): void {
    for (const { blocks, positions, norm } of [this.#encoder, this.#decoder]) {
      for (const part of [...blocks, positions, norm]) part.dispose();
    }
    this.#words.dispose();
    this.#head?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

interface RunOptions extends T5PassOptions, Omit<T5BlockOptions, 'memory'> {
  /** What each block reads of the encoder's output. */
  readonly memory?: (block: number) => T5BlockOptions['memory'];
}

function run({ blocks, norm }: T5Stack, x: Tensor, options: RunOptions): T5StackResult {
  const { memory, returnHidden, ...shared } = options;
  const hidden: Tensor[] = [];
  const weights: Tensor[] = [];
  const crossWeights: Tensor[] = [];
  let output = x;
  blocks.forEach((block, i) => {
    hidden.push(output);
    const result = block.forward(output, { ...shared, memory: memory?.(i) });
    output = result.output;
    if (result.weights) weights.push(result.weights);
    if (result.crossWeights) crossWeights.push(result.crossWeights);
  });
  output = norm.forward(output);
  return {
    output,
    ...(weights.length > 0 && { weights }),
    ...(crossWeights.length > 0 && { crossWeights }),
    ...(returnHidden && { hidden: [...hidden, output] }),
  };
}
