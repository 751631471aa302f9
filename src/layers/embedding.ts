import { embedding } from '../ops/embedding.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { checkSizes } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { createParameters, loadParameters, type Parameters } from './parameters.ts';

export interface EmbeddingConfig {
  /** Number of ids. */
  readonly count: number;
  /** Length of each vector. */
  readonly size: number;
  /** An id whose vector is never trained. */
  readonly paddingId?: number;
}

/** One learned vector for each id. PyTorch's name: `weight` [count, size]. */
export class Embedding {
  readonly weight: Tensor;
  readonly #parameters = new Map<string, Tensor>();
  readonly #paddingId: number | undefined;

  /** @throws ArgumentError for sizes that are not positive integers */
  constructor(source: Parameters, { count, size, paddingId }: EmbeddingConfig) {
    checkSizes('embedding', { count, size });
    const parameters = source.into(this.#parameters);
    this.weight = parameters.get('weight', [count, size], { bound: Math.sqrt(3 / size) });
    this.#paddingId = paddingId;
  }

  static create(runtime: Runtime, config: EmbeddingConfig, random: Random): Embedding {
    return createParameters(runtime, random, (parameters) => new Embedding(parameters, config));
  }

  /** @throws FormatError */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: EmbeddingConfig & { prefix?: string },
  ): Embedding {
    return loadParameters(
      runtime,
      weights,
      config.prefix ?? '',
      (parameters) => new Embedding(parameters, config),
    );
  }

  /** @param ids [...] i32 @returns [..., size] @throws DTypeError; ArgumentError for an unknown id */
  forward(ids: Tensor): Tensor {
    return embedding(this.weight, ids, this.#paddingId);
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
