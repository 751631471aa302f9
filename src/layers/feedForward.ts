import { type Activation, activationCode } from '../ops/activation.ts';
import { checkSizes } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Linear } from './linear.ts';
import type { Parameters } from './parameters.ts';

export interface FeedForwardConfig {
  readonly modelSize: number;
  /** Width between the two linear layers, PyTorch's dim_feedforward. */
  readonly feedForwardSize: number;
  /** Between the two linear layers; 'relu' by default. */
  readonly activation?: Activation;
}

/** Position-wise feed-forward network (Vaswani 2017, eq. 2). PyTorch's names: `linear1.*`, `linear2.*`. */
export class FeedForward {
  readonly #wide: Linear;
  readonly #narrow: Linear;
  readonly #activation: Activation;

  /** @throws ArgumentError for sizes that are not positive integers, or an unknown activation */
  constructor(parameters: Parameters, config: FeedForwardConfig) {
    const { modelSize, feedForwardSize, activation = 'relu' } = config;
    checkSizes('feedForward', { modelSize, feedForwardSize });
    activationCode('feedForward', activation);
    this.#wide = new Linear(parameters.within('linear1.'), { inputs: modelSize, outputs: feedForwardSize });
    this.#narrow = new Linear(parameters.within('linear2.'), { inputs: feedForwardSize, outputs: modelSize });
    this.#activation = activation;
  }

  /** @param x [..., modelSize] @returns [..., modelSize] @throws ShapeError */
  forward(x: Tensor): Tensor {
    return this.#narrow.forward(this.#wide.forward(x, this.#activation));
  }

  dispose(): void {
    this.#wide.dispose();
    this.#narrow.dispose();
  }
}
