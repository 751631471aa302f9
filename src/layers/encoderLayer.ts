/** A Transformer's encoder layer (Vaswani 2017, section 3.1), with the names of PyTorch's nn.TransformerEncoderLayer. */
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { FeedForward, type FeedForwardConfig } from './feedForward.ts';
import type { KeyValueCache } from './keyValueCache.ts';
import {
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
  type MultiHeadAttentionResult,
} from './multiHeadAttention.ts';
import { LayerNorm } from './norm.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';
import { checkDropout, type ResidualConfig, residual } from './residual.ts';

/** Parameters: `self_attn.*`, `linear1.*`, `linear2.*`, `norm1.*` and `norm2.*`. */
export interface TransformerEncoderLayerConfig extends FeedForwardConfig, ResidualConfig {
  /** Divides modelSize. */
  readonly heads: number;
  /** Of the norms; 1e-5 by default. */
  readonly epsilon?: number;
}

export interface TransformerEncoderLayerOptions extends MultiHeadAttentionOptions {
  /** Where dropout gets its seeds; needed only when there is dropout and gradients are recorded. */
  readonly random?: Random;
}

export class TransformerEncoderLayer {
  readonly config: TransformerEncoderLayerConfig;
  readonly #attention: MultiHeadAttention;
  readonly #feedForward: FeedForward;
  readonly #norm1: LayerNorm;
  readonly #norm2: LayerNorm;
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError when heads do not divide modelSize, or for dropout outside [0, 1) */
  constructor(source: Parameters, config: TransformerEncoderLayerConfig) {
    const { modelSize, heads, epsilon } = config;
    checkDropout('transformerEncoderLayer', config.dropout);
    this.config = config;
    const parameters = source.into(this.#parameters);
    this.#attention = new MultiHeadAttention(parameters.within('self_attn.'), { modelSize, heads });
    this.#feedForward = new FeedForward(parameters, config);
    this.#norm1 = new LayerNorm(parameters.within('norm1.'), { size: modelSize, epsilon });
    this.#norm2 = new LayerNorm(parameters.within('norm2.'), { size: modelSize, epsilon });
  }

  static create(
    runtime: Runtime,
    config: TransformerEncoderLayerConfig,
    random: Random,
  ): TransformerEncoderLayer {
    return createParameters(runtime, random, (parameters) => new TransformerEncoderLayer(parameters, config));
  }

  /** @throws FormatError */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: TransformerEncoderLayerConfig & LoadOptions,
  ): TransformerEncoderLayer {
    const build = (parameters: Parameters): TransformerEncoderLayer =>
      new TransformerEncoderLayer(parameters, config);
    return loadParameters(runtime, weights, config.prefix ?? '', build, config.arithmetic);
  }

  /**
   * @param x [batch, time, modelSize]
   * @param options.cache what came before: it is joined by x, which sees all that it then holds
   * @returns output [batch, time, modelSize], and the attention's weights on request
   * @throws ShapeError, DTypeError; ArgumentError for lengths outside 0..time
   */
  forward(
    x: Tensor,
    { random, ...options }: TransformerEncoderLayerOptions & { readonly cache?: KeyValueCache } = {},
  ): MultiHeadAttentionResult {
    return x.runtime.scope(() => {
      let weights: Tensor | undefined;
      const attended = residual(x, this.#norm1, this.config, random, (input) => {
        const result = this.#attention.forward(input, input, input, options);
        weights = result.weights;
        return result.output;
      });
      const output = residual(attended, this.#norm2, this.config, random, (input) =>
        this.#feedForward.forward(input),
      );
      return { output, weights };
    });
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    for (const part of [this.#attention, this.#feedForward, this.#norm1, this.#norm2]) part.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
