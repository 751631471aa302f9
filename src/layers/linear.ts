import type { Activation } from '../ops/activation.ts';
import { linear } from '../ops/linear.ts';
import { disposeWeight, type Weight } from '../ops/weight.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { checkSizes } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';

/** y = x · weight^T + bias. PyTorch's names: `weight` [outputs, inputs], `bias` [outputs]. */
export interface LinearConfig {
  readonly inputs: number;
  readonly outputs: number;
  /** Whether there is a bias; true by default. */
  readonly bias?: boolean;
}

export class Linear {
  readonly weight: Weight;
  readonly bias: Tensor | undefined;
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError for sizes that are not positive integers */
  constructor(source: Parameters, { inputs, outputs, bias = true }: LinearConfig) {
    checkSizes('linear', { inputs, outputs });
    const parameters = source.into(this.#parameters);
    const bound = 1 / Math.sqrt(inputs);
    this.weight = parameters.weight('weight', [outputs, inputs], { bound });
    this.bias = bias ? parameters.get('bias', [outputs], { bound }) : undefined;
  }

  static create(runtime: Runtime, config: LinearConfig, random: Random): Linear {
    return createParameters(runtime, random, (parameters) => new Linear(parameters, config));
  }

  /** @throws FormatError */
  static load(runtime: Runtime, weights: WeightSource, config: LinearConfig & LoadOptions): Linear {
    return loadParameters(
      runtime,
      weights,
      config.prefix ?? '',
      (parameters) => new Linear(parameters, config),
      config.arithmetic,
    );
  }

  /**
   * @param x [..., inputs]
   * @param activation applied to the result, while it is still in the cache
   * @returns [..., outputs]
   * @throws ShapeError, DTypeError; ArgumentError for an unknown activation
   */
  forward(x: Tensor, activation?: Activation): Tensor {
    return linear(x, this.weight, this.bias, activation);
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    disposeWeight(this.weight);
    this.bias?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
