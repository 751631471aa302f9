/** A Transformer's encoder layer (Vaswani 2017, section 3.1), with the names of PyTorch's nn.TransformerEncoderLayer. */
import { add } from '../ops/elementwise.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { Linear } from './linear.ts';
import {
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
  type MultiHeadAttentionResult,
} from './multiHeadAttention.ts';
import { LayerNorm } from './norm.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';

/** Parameters: `self_attn.*`, `linear1.*`, `linear2.*`, `norm1.*` and `norm2.*`. */
export interface TransformerEncoderLayerConfig {
  readonly modelSize: number;
  /** Divides modelSize. */
  readonly heads: number;
  /** Width between the two linear layers, PyTorch's dim_feedforward. */
  readonly feedForwardSize: number;
  /** Between the two linear layers; 'relu' by default. */
  readonly activation?: 'relu' | 'gelu';
  /** Whether the norms come before attention and feed-forward rather than after their sums; false by default. */
  readonly normFirst?: boolean;
  /** Of the norms; 1e-5 by default. */
  readonly epsilon?: number;
}

export class TransformerEncoderLayer {
  readonly config: TransformerEncoderLayerConfig;
  readonly #attention: MultiHeadAttention;
  readonly #wide: Linear;
  readonly #narrow: Linear;
  readonly #norm1: LayerNorm;
  readonly #norm2: LayerNorm;
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError when heads do not divide modelSize */
  constructor(source: Parameters, config: TransformerEncoderLayerConfig) {
    const { modelSize, heads, feedForwardSize, epsilon } = config;
    this.config = config;
    const parameters = source.into(this.#parameters);
    this.#attention = new MultiHeadAttention(parameters.within('self_attn.'), { modelSize, heads });
    this.#wide = new Linear(parameters.within('linear1.'), { inputs: modelSize, outputs: feedForwardSize });
    this.#narrow = new Linear(parameters.within('linear2.'), { inputs: feedForwardSize, outputs: modelSize });
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
   * @returns output [batch, time, modelSize], and the attention's weights on request
   * @throws ShapeError, DTypeError; ArgumentError for lengths outside 0..time
   */
  forward(x: Tensor, options: MultiHeadAttentionOptions = {}): MultiHeadAttentionResult {
    return x.runtime.scope(() => {
      if (this.config.normFirst) {
        const attended = this.#attend(this.#norm1.forward(x), options);
        const sum = add(x, attended.output);
        return { ...attended, output: add(sum, this.#feedForward(this.#norm2.forward(sum))) };
      }
      const attended = this.#attend(x, options);
      const normed = this.#norm1.forward(add(x, attended.output));
      return { ...attended, output: this.#norm2.forward(add(normed, this.#feedForward(normed))) };
    });
  }

  #attend(x: Tensor, options: MultiHeadAttentionOptions): MultiHeadAttentionResult {
    return this.#attention.forward(x, x, x, options);
  }

  #feedForward(x: Tensor): Tensor {
    return this.#narrow.forward(this.#wide.forward(x, this.config.activation ?? 'relu'));
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    for (const part of [this.#attention, this.#wide, this.#narrow, this.#norm1, this.#norm2]) part.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
