import { ArgumentError, ShapeError } from '../errors.ts';
import type { TrainingKernels } from '../runtime/abi.ts';
import { expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

/** Options of `Adam`, with PyTorch's defaults. */
export interface AdamOptions {
  readonly learningRate?: number;
  /** Decay rates of the moments, each in [0, 1). */
  readonly betas?: readonly [number, number];
  readonly epsilon?: number;
  readonly weightDecay?: number;
  /** Whether the decay shrinks the weights directly (AdamW) instead of joining the gradient (L2); true by default. */
  readonly decoupled?: boolean;
}

/** What steps parameters by their gradients: Adam and SGD. */
export abstract class Optimizer {
  /** May be changed between steps: what a schedule does. */
  learningRate: number;
  protected readonly kernels: TrainingKernels;
  readonly #name: string;
  readonly #parameters: ReadonlyMap<string, Tensor>;
  /** By parameter, one for each of `slots`. */
  readonly #state = new Map<string, readonly Tensor[]>();
  readonly #slots: readonly string[];
  #steps = 0;

  /**
   * @param name the optimizer's, for messages
   * @param slots names of what is kept of each parameter, of its shape, zeros at first
   * @throws ArgumentError for a negative learning rate, or no parameters
   */
  constructor(
    name: string,
    parameters: ReadonlyMap<string, Tensor>,
    learningRate: number,
    slots: readonly string[],
  ) {
    if (!(learningRate >= 0)) {
      throw new ArgumentError(`${name}: learningRate must be at least 0, got ${learningRate}`);
    }
    const [first] = parameters.values();
    if (!first) throw new ArgumentError(`${name}: needs at least one parameter`);
    this.learningRate = learningRate;
    this.kernels = first.runtime.trainingKernels;
    this.#name = name;
    this.#parameters = parameters;
    this.#slots = slots;
    try {
      for (const [key, { runtime, shape }] of parameters) {
        const kept: Tensor[] = [];
        this.#state.set(key, kept);
        for (const _ of slots) kept.push(Tensor.persistent(runtime, shape));
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Steps taken so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Updates one parameter and what is kept of it; `steps` counts this step already. */
  protected abstract update(parameter: Tensor, gradient: Tensor, kept: readonly Tensor[]): void;

  /**
   * Updates every parameter by its gradient.
   * @throws ArgumentError when a parameter's gradient is missing, ShapeError when it has another shape; nothing is
   *   updated then
   */
  step(gradients: ReadonlyMap<string, Tensor>): void {
    const where = `${this.#name}.step`;
    for (const [name, { shape }] of this.#parameters) {
      const gradient = gradients.get(name);
      if (!gradient) throw new ArgumentError(`${where}: the gradient of ${name} is missing`);
      expectShape(where, `the gradient of ${name}`, gradient.shape, shape);
    }
    this.#steps++;
    for (const [name, parameter] of this.#parameters) {
      this.update(parameter, gradients.get(name)!, this.#state.get(name)!);
      parameter.storage.version++;
    }
  }

  /** What is kept by name (`<slot>.<parameter>`): with `steps`, all that resuming needs. */
  state(): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    for (const [name, kept] of this.#state) {
      kept.forEach((tensor, i) => {
        state.set(`${this.#slots[i]}.${name}`, tensor);
      });
    }
    return state;
  }

  /**
   * Continues from a saved state.
   * @param values by the names of `state()`
   * @throws ArgumentError when one is missing, ShapeError when one has another size; nothing is changed then
   */
  restore(values: ReadonlyMap<string, Float32Array>, steps: number): void {
    const where = `${this.#name}.restore`;
    const state = this.state();
    for (const [name, { size }] of state) {
      const length = values.get(name)?.length;
      if (length === undefined) throw new ArgumentError(`${where}: ${name} is missing`);
      if (length !== size) throw new ShapeError(`${where}: ${name} needs ${size} values, got ${length}`);
    }
    for (const [name, tensor] of state) tensor.set(values.get(name)!);
    this.#steps = steps;
  }

  dispose(): void {
    for (const tensor of this.state().values()) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019); keeps `first` and `second` moments. */
export class Adam extends Optimizer {
  readonly #options: Required<Omit<AdamOptions, 'learningRate'>>;

  /** @throws ArgumentError for options outside their ranges, or no parameters */
  constructor(parameters: ReadonlyMap<string, Tensor>, options: AdamOptions = {}) {
    const {
      learningRate = 1e-3,
      betas = [0.9, 0.999],
      epsilon = 1e-8,
      weightDecay = 0,
      decoupled = true,
    } = options;
    if (!betas.every((beta) => beta >= 0 && beta < 1))
      throw new ArgumentError(`Adam: betas must lie in [0, 1), got ${betas}`);
    if (!(epsilon >= 0)) throw new ArgumentError(`Adam: epsilon must be at least 0, got ${epsilon}`);
    if (!(weightDecay >= 0))
      throw new ArgumentError(`Adam: weightDecay must be at least 0, got ${weightDecay}`);
    super('Adam', parameters, learningRate, ['first', 'second']);
    this.#options = { betas, epsilon, weightDecay, decoupled };
  }

  protected update(parameter: Tensor, gradient: Tensor, [first, second]: readonly [Tensor, Tensor]): void {
    const { betas, epsilon, weightDecay, decoupled } = this.#options;
    const [correction1, correction2] = betas.map((beta) => 1 - beta ** this.steps) as [number, number];
    this.kernels.f32_adam(
      parameter.pointer,
      first.pointer,
      second.pointer,
      gradient.pointer,
      parameter.size,
      1,
      this.learningRate,
      betas[0],
      betas[1],
      epsilon,
      weightDecay,
      decoupled ? 1 : 0,
      correction1,
      correction2,
    );
  }
}

/** The Euclidean norm of all gradients taken together. */
export function globalNorm(gradients: ReadonlyMap<string, Tensor>): number {
  let total = 0;
  for (const gradient of gradients.values()) {
    total += gradient.runtime.kernels.f32_sum_squares(gradient.pointer, gradient.size);
  }
  return Math.sqrt(total);
}

/**
 * Scales all gradients, in place, so that their global norm is at most `maximum` (Pascanu 2013), as PyTorch's
 * `clip_grad_norm_` does.
 * @returns the norm before clipping
 * @throws ArgumentError unless maximum is positive
 */
export function clipGlobalNorm(gradients: ReadonlyMap<string, Tensor>, maximum: number): number {
  if (!(maximum > 0)) throw new ArgumentError(`clipGlobalNorm: maximum must be positive, got ${maximum}`);
  const norm = globalNorm(gradients);
  const factor = maximum / (norm + 1e-6);
  if (factor < 1) {
    for (const gradient of gradients.values()) {
      gradient.runtime.kernels.f32_scale(gradient.pointer, gradient.pointer, gradient.size, factor);
    }
  }
  return norm;
}
