import { ArgumentError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Optimizer } from './optimizer.ts';

/** Options of `SGD`, with PyTorch's defaults. */
export interface SGDOptions {
  readonly learningRate?: number;
  /** At least 0; 0 keeps nothing of earlier gradients. */
  readonly momentum?: number;
  /** What share of a gradient does not enter the momentum, from the second step on. */
  readonly dampening?: number;
  /** Whether to look ahead by the momentum (Nesterov 1983); needs momentum and no dampening. */
  readonly nesterov?: boolean;
  /** L2: joins the gradient. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent as PyTorch has it: with g' = g + weightDecay p,
 *
 *   b = momentum b + (1 - dampening) g'   (b = g' in the first step)
 *   p -= learningRate b,   with Nesterov's p -= learningRate (g' + momentum b),   without momentum p -= learningRate g'
 *
 * Keeps `momentum`, b, where there is any.
 */
export class SGD extends Optimizer {
  readonly #options: Required<Omit<SGDOptions, 'learningRate'>>;

  /** @throws ArgumentError for options outside their ranges, or no parameters */
  constructor(parameters: ReadonlyMap<string, Tensor>, options: SGDOptions = {}) {
    const { learningRate = 1e-3, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
    for (const [name, value] of Object.entries({ momentum, weightDecay })) {
      if (!(value >= 0)) throw new ArgumentError(`SGD: ${name} must be at least 0, got ${value}`);
    }
    if (!Number.isFinite(dampening)) {
      throw new ArgumentError(`SGD: dampening must be finite, got ${dampening}`);
    }
    if (nesterov && !(momentum > 0 && dampening === 0)) {
      throw new ArgumentError(
        `SGD: nesterov needs momentum and no dampening, got momentum ${momentum} and dampening ${dampening}`,
      );
    }
    super('SGD', parameters, learningRate, momentum > 0 ? ['momentum'] : []);
    this.#options = { momentum, dampening, nesterov, weightDecay };
  }

  protected update(parameter: Tensor, gradient: Tensor, [kept]: readonly Tensor[]): void {
    const { kernels, learningRate } = this;
    const { momentum, dampening, nesterov, weightDecay } = this.#options;
    const addTo = (target: Tensor, x: Tensor, factor: number): void =>
      kernels.f32_add_scaled(target.pointer, x.pointer, x.size, factor);
    if (kept) {
      const share = this.steps === 1 ? 1 : 1 - dampening;
      kernels.f32_scale(kept.pointer, kept.pointer, kept.size, momentum);
      addTo(kept, gradient, share);
      if (weightDecay > 0) addTo(kept, parameter, share * weightDecay);
    }
    if (!kept || nesterov) {
      // p - learningRate (g + weightDecay p), without room for the sum.
      if (weightDecay > 0) {
        kernels.f32_scale(
          parameter.pointer,
          parameter.pointer,
          parameter.size,
          1 - learningRate * weightDecay,
        );
      }
      addTo(parameter, gradient, -learningRate);
    }
    if (kept) addTo(parameter, kept, nesterov ? -learningRate * momentum : -learningRate);
  }
}
