import type { Activation } from '../ops/activation.ts';
import { multiply } from '../ops/elementwise.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { FeedForwardConfig } from './feedForward.ts';
import { Linear } from './linear.ts';
import type { Parameters } from './parameters.ts';

/**
 * down(activation(gate(x)) * up(x)) (Shazeer 2020, "GLU variants improve Transformer"), SwiGLU with 'silu'. Parameters:
 * `gate_proj.*`, `up_proj.*` [feedForwardSize, modelSize], `down_proj.*` [modelSize, feedForwardSize].
 */
export class GatedFeedForward {
  readonly #gate: Linear;
  readonly #up: Linear;
  readonly #down: Linear;
  readonly #activation: Activation;

  /** @throws ArgumentError for sizes that are not positive integers */
  constructor(parameters: Parameters, config: FeedForwardConfig & { readonly bias?: boolean }) {
    const { modelSize, feedForwardSize, activation = 'silu', bias = false } = config;
    const wide = { inputs: modelSize, outputs: feedForwardSize, bias };
    this.#gate = new Linear(parameters.within('gate_proj.'), wide);
    this.#up = new Linear(parameters.within('up_proj.'), wide);
    const narrow = { inputs: feedForwardSize, outputs: modelSize, bias };
    this.#down = new Linear(parameters.within('down_proj.'), narrow);
    this.#activation = activation;
  }

  /** @param x [..., modelSize] @returns [..., modelSize] @throws ShapeError */
  forward(x: Tensor): Tensor {
    return x.runtime.scope(() => {
      const gate = this.#gate.forward(x, this.#activation);
      return this.#down.forward(multiply(gate, this.#up.forward(x)));
    });
  }

  dispose(): void {
    for (const part of [this.#gate, this.#up, this.#down]) part.dispose();
  }
}
