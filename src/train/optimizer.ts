import { ArgumentError, ShapeError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
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

interface Moments {
  readonly first: Tensor;
  readonly second: Tensor;
}

/** Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019). */
export class Adam {
  /** May be changed between steps: what a schedule does. */
  learningRate: number;
  readonly #runtime: Runtime;
  readonly #parameters: ReadonlyMap<string, Tensor>;
  readonly #options: Required<AdamOptions>;
  readonly #moments = new Map<string, Moments>();
  #steps = 0;

  /** @throws ArgumentError for options outside their ranges, or no parameters */
  constructor(parameters: ReadonlyMap<string, Tensor>, options: AdamOptions = {}) {
    const {
      learningRate = 1e-3,
      betas = [0.9, 0.999],
      epsilon = 1e-8,
      weightDecay = 0,
      decoupled = true,
    } = options;
    if (!(learningRate >= 0))
      throw new ArgumentError(`Adam: learningRate must be at least 0, got ${learningRate}`);
    if (!betas.every((beta) => beta >= 0 && beta < 1))
      throw new ArgumentError(`Adam: betas must lie in [0, 1), got ${betas}`);
    if (!(epsilon >= 0)) throw new ArgumentError(`Adam: epsilon must be at least 0, got ${epsilon}`);
    if (!(weightDecay >= 0))
      throw new ArgumentError(`Adam: weightDecay must be at least 0, got ${weightDecay}`);
    const [first] = parameters.values();
    if (!first) throw new ArgumentError('Adam: needs at least one parameter');
    this.learningRate = learningRate;
    this.#runtime = first.runtime;
    this.#parameters = parameters;
    this.#options = { learningRate, betas, epsilon, weightDecay, decoupled };
    for (const [name, parameter] of parameters) {
      this.#moments.set(name, {
        first: Tensor.persistent(this.#runtime, parameter.shape),
        second: Tensor.persistent(this.#runtime, parameter.shape),
      });
    }
  }

  /** Steps taken so far. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Updates every parameter by its gradient.
   * @throws ArgumentError when a parameter's gradient is missing, ShapeError when it has another shape; nothing is
   *   updated then
   */
  step(gradients: ReadonlyMap<string, Tensor>): void {
    for (const [name, { shape }] of this.#parameters) {
      const gradient = gradients.get(name);
      if (!gradient) throw new ArgumentError(`Adam.step: the gradient of ${name} is missing`);
      expectShape('Adam.step', `the gradient of ${name}`, gradient.shape, shape);
    }
    const { trainingKernels: kernels } = this.#runtime;
    const { betas, epsilon, weightDecay, decoupled } = this.#options;
    this.#steps++;
    const corrections = betas.map((beta) => 1 - beta ** this.#steps) as [number, number];
    for (const [name, parameter] of this.#parameters) {
      const { first, second } = this.#moments.get(name)!;
      kernels.f32_adam(
        parameter.pointer,
        first.pointer,
        second.pointer,
        gradients.get(name)!.pointer,
        parameter.size,
        1,
        this.learningRate,
        betas[0],
        betas[1],
        epsilon,
        weightDecay,
        decoupled ? 1 : 0,
        corrections[0],
        corrections[1],
      );
      parameter.storage.version++;
    }
  }

  /** Moments by name (`first.<parameter>`, `second.<parameter>`): with `steps`, all that resuming needs. */
  state(): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    for (const [name, { first, second }] of this.#moments)
      state.set(`first.${name}`, first).set(`second.${name}`, second);
    return state;
  }

  /**
   * Continues from a saved state.
   * @param moments values by the names of `state()`
   * @throws ArgumentError when one is missing, ShapeError when one has another size; nothing is changed then
   */
  restore(moments: ReadonlyMap<string, Float32Array>, steps: number): void {
    const state = this.state();
    for (const name of state.keys()) {
      if (!moments.has(name)) throw new ArgumentError(`Adam.restore: ${name} is missing`);
    }
    for (const [name, { size }] of state) {
      const { length } = moments.get(name)!;
      if (length !== size) throw new ShapeError(`Adam.restore: ${name} needs ${size} values, got ${length}`);
    }
    for (const [name, tensor] of state) tensor.set(moments.get(name)!);
    this.#steps = steps;
  }

  dispose(): void {
    for (const tensor of this.state().values()) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
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
