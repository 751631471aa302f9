/** Positions that are added to embeddings: sinusoidal ones and learned ones. */

import { addPositions } from '../ops/positions.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { checkSizes } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { createParameters, loadParameters, type Parameters } from './parameters.ts';

/** Sines and cosines of an angle side by side (the paper), or all sines before all cosines (Marian). */
export type SinusoidalLayout = 'interleaved' | 'halves';

/** sin(p / 10000^(2 i / size)) and its cosine for each position p and each i: [count, size]. */
function sinusoids(count: number, size: number, layout: SinusoidalLayout): Float32Array {
  const sines = Math.ceil(size / 2);
  return Float32Array.from({ length: count * size }, (_, at) => {
    const column = at % size;
    const [i, isCosine] =
      layout === 'interleaved'
        ? [Math.floor(column / 2), column % 2 === 1]
        : [column % sines, column >= sines];
    const angle = Math.floor(at / size) / 10_000 ** ((2 * i) / size);
    return isCosine ? Math.cos(angle) : Math.sin(angle);
  });
}

/**
 * Sinusoidal positions (Vaswani 2017, section 3.5).
 * @returns [count, size]
 * @throws ShapeError
 */
export function sinusoidalPositions(
  runtime: Runtime,
  count: number,
  size: number,
  { layout = 'interleaved' }: { readonly layout?: SinusoidalLayout } = {},
): Tensor {
  const table = Tensor.empty(runtime, [count, size]);
  table.set(sinusoids(count, size, layout));
  return table;
}

/** Sinusoidal positions as a layer. It has no parameters; its table is made when first used and lives until `dispose`. */
export class SinusoidalPositions {
  readonly #runtime: Runtime;
  readonly #config: PositionsConfig;
  readonly #layout: SinusoidalLayout;
  #table: Tensor | undefined;

  /** @throws ArgumentError for sizes that are not positive integers */
  constructor(runtime: Runtime, config: PositionsConfig, layout: SinusoidalLayout = 'interleaved') {
    checkSizes('positions', { maxLength: config.maxLength, size: config.size });
    this.#runtime = runtime;
    this.#config = config;
    this.#layout = layout;
  }

  /**
   * Adds positions [offset, offset + time) to each row; an offset for all rows, or one for each.
   * @param x [batch, time, size]
   * @returns [batch, time, size]
   * @throws ShapeError, DTypeError; ArgumentError for positions from maxLength on
   */
  forward(x: Tensor, offset: number | readonly number[] = 0): Tensor {
    return addPositions(x, this.#table ?? this.#makeTable(), offset);
  }

  #makeTable(): Tensor {
    const { maxLength, size } = this.#config;
    this.#table = Tensor.persistent(this.#runtime, [maxLength, size]);
    this.#table.set(sinusoids(maxLength, size, this.#layout));
    return this.#table;
  }

  dispose(): void {
    this.#table?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

export interface PositionsConfig {
  /** Positions that there are. */
  readonly maxLength: number;
  readonly size: number;
}

/** A learned vector for each position. PyTorch's name, an nn.Embedding's: `weight` [maxLength, size]. */
export class LearnedPositions {
  readonly weight: Tensor;
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError for sizes that are not positive integers */
  constructor(source: Parameters, { maxLength, size }: PositionsConfig) {
    checkSizes('positions', { maxLength, size });
    const parameters = source.into(this.#parameters);
    this.weight = parameters.get('weight', [maxLength, size], { bound: Math.sqrt(3 / size) });
  }

  static create(runtime: Runtime, config: PositionsConfig, random: Random): LearnedPositions {
    return createParameters(runtime, random, (parameters) => new LearnedPositions(parameters, config));
  }

  /** @throws FormatError */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: PositionsConfig & { prefix?: string },
  ): LearnedPositions {
    const build = (parameters: Parameters): LearnedPositions => new LearnedPositions(parameters, config);
    return loadParameters(runtime, weights, config.prefix ?? '', build);
  }

  /**
   * Adds positions [offset, offset + time) to each row; an offset for all rows, or one for each.
   * @param x [batch, time, size]
   * @returns [batch, time, size]
   * @throws ShapeError, DTypeError; ArgumentError for positions from maxLength on
   */
  forward(x: Tensor, offset: number | readonly number[] = 0): Tensor {
    return addPositions(x, this.weight, offset);
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
