import { ArgumentError } from '../errors.ts';
import type { Activation } from '../ops/activation.ts';
import { type ConvOptions, conv1d, conv2d } from '../ops/conv.ts';
import { type Extent2d, pairOf } from '../ops/window.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { checkSizes } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';

/**
 * A convolution. PyTorch's names: `weight` [outputs, inputs / groups, kernel...], `bias` [outputs]. Weights stored in 8 bits
 * are computed in f32.
 */
export interface ConvConfig<Extent = Extent2d> extends Omit<ConvOptions<Extent>, 'activation'> {
  /** Channels that come in. */
  readonly inputs: number;
  /** Channels that go out. */
  readonly outputs: number;
  readonly kernel: Extent;
  /** Whether there is a bias; true by default. */
  readonly bias?: boolean;
}

/** What both layers are. */
class Conv<Extent> {
  readonly config: ConvConfig<Extent>;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly #parameters = new Map<string, Tensor>();

  constructor(source: Parameters, config: ConvConfig<Extent>, kernel: readonly number[]) {
    const { inputs, outputs, groups = 1, bias = true } = config;
    checkSizes('conv', { inputs, outputs, groups });
    for (const extent of kernel) checkSizes('conv', { kernel: extent });
    if (inputs % groups !== 0 || outputs % groups !== 0) {
      throw new ArgumentError(
        `conv: groups must divide inputs ${inputs} and outputs ${outputs}, got ${groups}`,
      );
    }
    const parameters = source.into(this.#parameters);
    const shape = [outputs, inputs / groups, ...kernel];
    const bound = 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b));
    this.config = config;
    this.weight = parameters.get('weight', shape, { bound });
    this.bias = bias ? parameters.get('bias', [outputs], { bound }) : undefined;
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    this.weight.dispose();
    this.bias?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Over one axis. */
export class Conv1d extends Conv<number> {
  /** @throws ArgumentError for sizes that are not positive integers, or groups that do not divide them */
  constructor(source: Parameters, config: ConvConfig<number>) {
    super(source, config, [config.kernel]);
  }

  static create(runtime: Runtime, config: ConvConfig<number>, random: Random): Conv1d {
    return createParameters(runtime, random, (parameters) => new Conv1d(parameters, config));
  }

  /** @throws FormatError */
  static load(runtime: Runtime, weights: WeightSource, config: ConvConfig<number> & LoadOptions): Conv1d {
    const build = (parameters: Parameters): Conv1d => new Conv1d(parameters, config);
    return loadParameters(runtime, weights, config.prefix ?? '', build, config.arithmetic);
  }

  /**
   * @param x [batch, inputs, length]
   * @param activation applied to the result
   * @returns [batch, outputs, length'], see `conv1d`
   * @throws ShapeError, DTypeError, ArgumentError
   */
  forward(x: Tensor, activation?: Activation): Tensor {
    return conv1d(x, this.weight, this.bias, { ...this.config, activation });
  }
}

/** Over two axes. */
export class Conv2d extends Conv<Extent2d> {
  /** @throws ArgumentError for sizes that are not positive integers, or groups that do not divide them */
  constructor(source: Parameters, config: ConvConfig) {
    super(source, config, pairOf('Conv2d', 'kernel', config.kernel, 1));
  }

  static create(runtime: Runtime, config: ConvConfig, random: Random): Conv2d {
    return createParameters(runtime, random, (parameters) => new Conv2d(parameters, config));
  }

  /** @throws FormatError */
  static load(runtime: Runtime, weights: WeightSource, config: ConvConfig & LoadOptions): Conv2d {
    const build = (parameters: Parameters): Conv2d => new Conv2d(parameters, config);
    return loadParameters(runtime, weights, config.prefix ?? '', build, config.arithmetic);
  }

  /**
   * @param x [batch, inputs, height, width]
   * @param activation applied to the result
   * @returns [batch, outputs, height', width'], see `conv2d`
   * @throws ShapeError, DTypeError, ArgumentError
   */
  forward(x: Tensor, activation?: Activation): Tensor {
    return conv2d(x, this.weight, this.bias, { ...this.config, activation });
  }
}
