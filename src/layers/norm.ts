import { layerNorm, rmsNorm } from '../ops/norm.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Random } from '../tensor/random.ts';
import { checkSizes } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { createParameters, loadParameters, type Parameters } from './parameters.ts';

export interface RMSNormConfig {
  /** Length of the last axis. */
  readonly size: number;
  /** Added to the mean square before the root; 1e-6 by default, as Llama's. */
  readonly epsilon?: number;
}

export interface LayerNormConfig {
  /** Length of the last axis. */
  readonly size: number;
  /** Added to the variance before the root; 1e-5 by default, as PyTorch's. */
  readonly epsilon?: number;
  /** Whether there is a weight; true by default. */
  readonly weight?: boolean;
  /** Whether there is a bias; by default, if there is a weight. */
  readonly bias?: boolean;
}

/**
 * Layer norm over the last axis (Ba, Kiros and Hinton 2016). PyTorch's names: `weight` [size], ones at first, and
 * `bias` [size], zeros at first.
 */
export class LayerNorm {
  readonly weight: Tensor | undefined;
  readonly bias: Tensor | undefined;
  readonly epsilon: number;
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError for a size that is not a positive integer */
  constructor(source: Parameters, { size, epsilon = 1e-5, weight = true, bias = weight }: LayerNormConfig) {
    checkSizes('layerNorm', { size });
    const parameters = source.into(this.#parameters);
    this.weight = weight ? parameters.get('weight', [size], { value: 1 }) : undefined;
    this.bias = bias ? parameters.get('bias', [size], { value: 0 }) : undefined;
    this.epsilon = epsilon;
  }

  /** Its first values are constants: nothing random is drawn. */
  static create(runtime: Runtime, config: LayerNormConfig): LayerNorm {
    return createParameters(runtime, new Random(0), (parameters) => new LayerNorm(parameters, config));
  }

  /** @throws FormatError */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: LayerNormConfig & { prefix?: string },
  ): LayerNorm {
    return loadParameters(
      runtime,
      weights,
      config.prefix ?? '',
      (parameters) => new LayerNorm(parameters, config),
    );
  }

  /** @param x [..., size] @returns [..., size] @throws ShapeError */
  forward(x: Tensor): Tensor {
    return layerNorm(x, this);
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    this.weight?.dispose();
    this.bias?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** RMS norm over the last axis (Zhang and Sennrich 2019). PyTorch's name: `weight` [size], ones at first. */
export class RMSNorm {
  readonly weight: Tensor;
  readonly epsilon: number;
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError for a size that is not a positive integer */
  constructor(source: Parameters, { size, epsilon = 1e-6 }: RMSNormConfig) {
    checkSizes('rmsNorm', { size });
    this.weight = source.into(this.#parameters).get('weight', [size], { value: 1 });
    this.epsilon = epsilon;
  }

  /** Its first values are constants: nothing random is drawn. */
  static create(runtime: Runtime, config: RMSNormConfig): RMSNorm {
    return createParameters(runtime, new Random(0), (parameters) => new RMSNorm(parameters, config));
  }

  /** @throws FormatError */
  static load(runtime: Runtime, weights: WeightSource, config: RMSNormConfig & { prefix?: string }): RMSNorm {
    return loadParameters(
      runtime,
      weights,
      config.prefix ?? '',
      (parameters) => new RMSNorm(parameters, config),
    );
  }

  /** @param x [..., size] @returns [..., size] @throws ShapeError */
  forward(x: Tensor): Tensor {
    return rmsNorm(x, this);
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    this.weight.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
