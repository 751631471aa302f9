/** Multi-head attention (Vaswani 2017, section 3.2.2), batch first, with the names of PyTorch's nn.MultiheadAttention. */

import { ArgumentError } from '../errors.ts';
import { attention, type RowsOf } from '../ops/attention.ts';
import { meanOverHeads } from '../ops/heads.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { checkSizes, expectShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { AttentionProjections, type AttentionSizes } from './attentionProjections.ts';
import type { KeyValueCache } from './keyValueCache.ts';
import { Linear } from './linear.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';

/**
 * Parameters: `in_proj_weight` [3 * modelSize, modelSize] and `in_proj_bias` [3 * modelSize], the projections of
 * queries, keys and values over one another; `out_proj.weight` [modelSize, modelSize], `out_proj.bias` [modelSize].
 * Where keys or values have a width of their own: `q_proj_weight`, `k_proj_weight` [modelSize, keySize] and
 * `v_proj_weight` [modelSize, valueSize] instead of `in_proj_weight`.
 */
export interface MultiHeadAttentionConfig extends AttentionSizes {
  /** Divides innerSize, which is modelSize by default. */
  readonly heads: number;
  /** What scores are multiplied by; 1 / sqrt(size of a head) by default. */
  readonly scale?: number;
}

/** Which weights to return: none, their mean over the heads, or those of each head. They are stored only when asked for. */
export type ReturnedWeights = false | 'mean' | 'per-head';

/** What a query may see. */
export interface AttentionMask {
  /**
   * Short for `causal: true`; or [queries, keys], or any shape that `attention` takes: f32 that is added to the scores,
   * or i32, 1 for what may be seen and 0 for what may not. A query that may see nothing attends to zeros.
   */
  readonly mask?: 'causal' | Tensor;
  /** Whether query i sees only the keys 0 .. i + keys - queries, besides what `mask` says. */
  readonly causal?: boolean;
  /** i32 [batch]: the first lengths[b] keys exist. */
  readonly lengths?: Tensor;
}

export interface MultiHeadAttentionOptions extends AttentionMask {
  readonly returnWeights?: ReturnedWeights;
}

export interface MultiHeadAttentionForwardOptions extends MultiHeadAttentionOptions {
  /** What came before: keys and values join it, and the queries see all that it then holds. */
  readonly cache?: KeyValueCache;
}

/** What `forward` returns; weights [batch, queries, keys] for 'mean', [batch, heads, queries, keys] for 'per-head'. */
export interface MultiHeadAttentionResult {
  readonly output: Tensor;
  readonly weights?: Tensor;
}

export class MultiHeadAttention {
  readonly runtime: Runtime;
  readonly config: MultiHeadAttentionConfig;
  readonly #projections: AttentionProjections;
  readonly #output: Linear;
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError when heads do not divide modelSize */
  constructor(source: Parameters, config: MultiHeadAttentionConfig) {
    const { modelSize, heads, keySize = modelSize, valueSize = modelSize, bias = true } = config;
    const { innerSize = modelSize } = config;
    checkSizes('multiHeadAttention', { modelSize, heads, keySize, valueSize, innerSize });
    if (innerSize % heads !== 0) {
      const name = config.innerSize === undefined ? 'modelSize' : 'innerSize';
      throw new ArgumentError(`multiHeadAttention: heads must divide ${name} ${innerSize}, got ${heads}`);
    }
    this.config = config;
    const parameters = source.into(this.#parameters);
    this.runtime = parameters.runtime;
    this.#projections = new AttentionProjections(parameters, config);
    this.#output = new Linear(parameters.within('out_proj.'), {
      inputs: innerSize,
      outputs: modelSize,
      bias,
    });
  }

  static create(runtime: Runtime, config: MultiHeadAttentionConfig, random: Random): MultiHeadAttention {
    return createParameters(runtime, random, (parameters) => new MultiHeadAttention(parameters, config));
  }

  /** @throws FormatError */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: MultiHeadAttentionConfig & LoadOptions,
  ): MultiHeadAttention {
    const build = (parameters: Parameters): MultiHeadAttention => new MultiHeadAttention(parameters, config);
    return loadParameters(runtime, weights, config.prefix ?? '', build, config.arithmetic);
  }

  /**
   * @param query [batch, queries, modelSize]
   * @param key [batch, keys, keySize]; the query by default (self-attention)
   * @param value [batch, keys, valueSize]; the key by default
   * @returns output [batch, queries, modelSize], and weights on request; a query that sees nothing attends to zeros
   * @throws ShapeError, DTypeError; ArgumentError for lengths outside 0..keys; what `attention` and the cache throw, which
   * then holds what it held
   */
  forward(
    query: Tensor,
    key: Tensor = query,
    value: Tensor = key,
    { cache, ...options }: MultiHeadAttentionForwardOptions = {},
  ): MultiHeadAttentionResult {
    const { modelSize } = this.config;
    expectShape('multiHeadAttention', 'query', query.shape, [null, null, modelSize]);
    this.#checkMemory(key, value, query.shape[0]!);
    return query.runtime.scope(() => {
      const [q, k, v] = this.#projections.project(query, key, value);
      if (!cache) return this.#attend(q, k, v, options);
      const { lengths } = cache;
      cache.append(k, v);
      try {
        return this.#attend(q, cache.keys, cache.values, options);
      } catch (error) {
        cache.truncate(lengths);
        throw error;
      }
    });
  }

  /**
   * Projects what will be read again and again, such as an encoder's output, once. Not differentiable.
   * @param cache where the projections go; its keySize is modelSize
   * @param key [batch, keys, keySize]
   * @param value [batch, keys, valueSize]; the key by default
   * @throws ShapeError, DTypeError; UnsupportedError when gradients would have to pass through; what the cache throws
   */
  remember(cache: KeyValueCache, key: Tensor, value: Tensor = key): void {
    this.#checkMemory(key, value, cache.batch);
    key.runtime.scope(() => {
      const [k, v] = this.#projections.projectMemory(key, value);
      cache.append(k, v);
    });
  }

  /**
   * Attends to what is remembered, as `forward` to what was given to `remember`.
   * @param query [batch, queries, modelSize]
   * @throws ShapeError, DTypeError, ArgumentError
   */
  read(
    query: Tensor,
    memory: KeyValueCache,
    options: MultiHeadAttentionOptions = {},
  ): MultiHeadAttentionResult {
    expectShape('multiHeadAttention', 'query', query.shape, [memory.batch, null, this.config.modelSize]);
    return query.runtime.scope(() => {
      return this.#attend(this.#projections.projectQuery(query), memory.keys, memory.values, options);
    });
  }

  #checkMemory(key: Tensor, value: Tensor, batch: number | null): void {
    const { modelSize, keySize = modelSize, valueSize = modelSize } = this.config;
    expectShape('multiHeadAttention', 'key', key.shape, [batch, null, keySize]);
    expectShape('multiHeadAttention', 'value', value.shape, [key.shape[0]!, key.shape[1]!, valueSize]);
  }

  #attend(q: RowsOf, k: RowsOf, v: RowsOf, options: MultiHeadAttentionOptions): MultiHeadAttentionResult {
    const { mask, causal = false, lengths, returnWeights = false } = options;
    const { heads, scale } = this.config;
    const attended = attention(q, k, v, {
      heads,
      scale,
      causal: causal || mask === 'causal',
      mask: mask === 'causal' ? undefined : mask,
      lengths,
      returnWeights: returnWeights !== false,
    });
    return resultOf(this.#output.forward(attended.output), attended.weights, returnWeights);
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    this.#projections.dispose();
    this.#output.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** @param weights of each head, where they were asked for */
export function resultOf(
  output: Tensor,
  weights: Tensor | undefined,
  returned: ReturnedWeights,
): MultiHeadAttentionResult {
  if (!weights) return { output };
  return { output, weights: returned === 'mean' ? meanOverHeads(weights) : weights };
}
