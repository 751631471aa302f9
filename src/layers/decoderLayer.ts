/** A Transformer's decoder layer (Vaswani 2017, section 3.1), with the names of PyTorch's nn.TransformerDecoderLayer. */
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { expectShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import type { DecoderLayerCache } from './decoderCache.ts';
import type { TransformerEncoderLayerConfig } from './encoderLayer.ts';
import { FeedForward } from './feedForward.ts';
import { KeyValueCache, type KeyValueCacheConfig } from './keyValueCache.ts';
import { type AttentionMask, MultiHeadAttention, type ReturnedWeights } from './multiHeadAttention.ts';
import { LayerNorm } from './norm.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';
import { checkDropout, residual } from './residual.ts';

/** Parameters: `self_attn.*`, `multihead_attn.*`, `linear1.*`, `linear2.*`, `norm1.*`, `norm2.*` and `norm3.*`. */
export type TransformerDecoderLayerConfig = TransformerEncoderLayerConfig;

/** What targets see of each other (`mask`, `causal`, `lengths`), what they see of the memory, and what is returned. */
export interface TransformerDecoderLayerOptions extends AttentionMask {
  /** Over the memory: [targets, memory], or any shape that `attention` takes, f32 or i32. */
  readonly memoryMask?: Tensor;
  /** i32 [batch]: the first memoryLengths[b] positions of the memory exist. */
  readonly memoryLengths?: Tensor;
  /** Whether to return the weights of targets over targets. */
  readonly returnSelfWeights?: ReturnedWeights;
  /** Whether to return the weights of targets over the memory. */
  readonly returnCrossWeights?: ReturnedWeights;
  /** Where dropout gets its seeds; needed only when there is dropout and gradients are recorded. */
  readonly random?: Random;
}

/** What `forward` returns; weights [batch, targets, seen] for 'mean', [batch, heads, targets, seen] for 'per-head'. */
export interface TransformerDecoderLayerResult {
  readonly output: Tensor;
  readonly selfWeights?: Tensor;
  readonly crossWeights?: Tensor;
}

export class TransformerDecoderLayer {
  readonly config: TransformerDecoderLayerConfig;
  readonly #selfAttention: MultiHeadAttention;
  readonly #crossAttention: MultiHeadAttention;
  readonly #feedForward: FeedForward;
  readonly #norms: readonly [LayerNorm, LayerNorm, LayerNorm];
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError when heads do not divide modelSize, or for dropout outside [0, 1) */
  constructor(source: Parameters, config: TransformerDecoderLayerConfig) {
    const { modelSize, heads, epsilon } = config;
    checkDropout('transformerDecoderLayer', config.dropout);
    this.config = config;
    const parameters = source.into(this.#parameters);
    this.#selfAttention = new MultiHeadAttention(parameters.within('self_attn.'), { modelSize, heads });
    this.#crossAttention = new MultiHeadAttention(parameters.within('multihead_attn.'), { modelSize, heads });
    this.#feedForward = new FeedForward(parameters, config);
    const norm = (name: string): LayerNorm =>
      new LayerNorm(parameters.within(name), { size: modelSize, epsilon });
    this.#norms = [norm('norm1.'), norm('norm2.'), norm('norm3.')];
  }

  static create(
    runtime: Runtime,
    config: TransformerDecoderLayerConfig,
    random: Random,
  ): TransformerDecoderLayer {
    return createParameters(runtime, random, (parameters) => new TransformerDecoderLayer(parameters, config));
  }

  /** @throws FormatError */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: TransformerDecoderLayerConfig & LoadOptions,
  ): TransformerDecoderLayer {
    const build = (parameters: Parameters): TransformerDecoderLayer =>
      new TransformerDecoderLayer(parameters, config);
    return loadParameters(runtime, weights, config.prefix ?? '', build, config.arithmetic);
  }

  /**
   * @param x [batch, targets, modelSize]
   * @param memory [batch, source length, modelSize], the encoder's output; or a cache, which holds its projections and
   * the targets before these: they are joined by these, which `causal` should hide from those before them
   * @returns output [batch, targets, modelSize], and weights on request
   * @throws ShapeError, DTypeError, ArgumentError
   */
  forward(
    x: Tensor,
    memory: Tensor | DecoderLayerCache,
    options: TransformerDecoderLayerOptions = {},
  ): TransformerDecoderLayerResult {
    const { mask, causal, lengths, memoryMask, memoryLengths, random } = options;
    const cache = 'past' in memory ? memory : undefined;
    const ofSelf = { mask, causal, lengths, returnWeights: options.returnSelfWeights, cache: cache?.past };
    const ofMemory = { mask: memoryMask, lengths: memoryLengths, returnWeights: options.returnCrossWeights };
    const [norm1, norm2, norm3] = this.#norms;
    return x.runtime.scope(() => {
      const weights: { selfWeights?: Tensor; crossWeights?: Tensor } = {};
      const targets = residual(x, norm1, this.config, random, (input) => {
        const attended = this.#selfAttention.forward(input, input, input, ofSelf);
        weights.selfWeights = attended.weights;
        return attended.output;
      });
      const informed = residual(targets, norm2, this.config, random, (input) => {
        const attended =
          'past' in memory
            ? this.#crossAttention.read(input, memory.memory, ofMemory)
            : this.#crossAttention.forward(input, memory, memory, ofMemory);
        weights.crossWeights = attended.weights;
        return attended.output;
      });
      const output = residual(informed, norm3, this.config, random, (input) =>
        this.#feedForward.forward(input),
      );
      return { output, ...weights };
    });
  }

  /**
   * A cache for `forward`, which the caller disposes of: no targets yet, and the memory's projections.
   * @param memory [batch, source length, modelSize]
   * @throws ShapeError; UnsupportedError when gradients would have to pass through
   */
  remember(
    memory: Tensor,
    past: Pick<KeyValueCacheConfig, 'capacity' | 'maxLength'> = {},
  ): DecoderLayerCache {
    const { modelSize: keySize } = this.config;
    expectShape('transformerDecoderLayer', 'memory', memory.shape, [null, null, keySize]);
    const [batch, capacity] = memory.shape as readonly [number, number, number];
    const { runtime } = memory;
    const remembered = new KeyValueCache(runtime, { batch, capacity, keySize });
    try {
      this.#crossAttention.remember(remembered, memory);
      return { past: new KeyValueCache(runtime, { ...past, batch, keySize }), memory: remembered };
    } catch (error) {
      remembered.dispose();
      throw error;
    }
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    for (const part of [this.#selfAttention, this.#crossAttention, this.#feedForward, ...this.#norms]) {
      part.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
