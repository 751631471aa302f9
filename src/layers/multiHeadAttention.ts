/** Multi-head attention (Vaswani 2017, section 3.2.2), batch first, with the names of PyTorch's nn.MultiheadAttention. */
import { ArgumentError } from '../errors.ts';
import { type AttentionOptions, attention, type RowsOf } from '../ops/attention.ts';
import { meanOverHeads } from '../ops/heads.ts';
import { INT8_PANEL_ROWS, Int8Weight } from '../ops/int8Weight.ts';
import { linear } from '../ops/linear.ts';
import { disposeWeight, type Weight } from '../ops/weight.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { expectShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { Linear } from './linear.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';

/**
 * Parameters: `in_proj_weight` [3 * modelSize, modelSize] and `in_proj_bias` [3 * modelSize], the projections of
 * queries, keys and values over one another; `out_proj.weight` [modelSize, modelSize], `out_proj.bias` [modelSize].
 * Where keys or values have a width of their own: `q_proj_weight`, `k_proj_weight` [modelSize, keySize] and
 * `v_proj_weight` [modelSize, valueSize] instead of `in_proj_weight`.
 */
export interface MultiHeadAttentionConfig {
  readonly modelSize: number;
  /** Divides modelSize. */
  readonly heads: number;
  /** Width of the keys, PyTorch's kdim; modelSize by default. */
  readonly keySize?: number;
  /** Width of the values, PyTorch's vdim; modelSize by default. */
  readonly valueSize?: number;
  /** Whether the projections have biases; true by default. */
  readonly bias?: boolean;
}

export interface MultiHeadAttentionOptions {
  /**
   * What a query may see: with 'causal', query i the keys 0 .. i + keys - queries; or f32 values that are added to the
   * scores, [queries, keys] or any shape that `attention` takes.
   */
  readonly mask?: 'causal' | Tensor;
  /** i32 [batch]: the first lengths[b] keys exist. */
  readonly lengths?: Tensor;
  /** Whether to return the weights, of each head or their mean. They are stored only when asked for. */
  readonly returnWeights?: false | 'mean' | 'per-head';
}

/** What `forward` returns; weights [batch, queries, keys] for 'mean', [batch, heads, queries, keys] for 'per-head'. */
export interface MultiHeadAttentionResult {
  readonly output: Tensor;
  readonly weights?: Tensor;
}

/** A projection: rows of a weight and of the bias. */
interface Projection {
  readonly weight: Weight;
  readonly bias: Tensor | undefined;
  /** Columns of the product before those that are wanted. */
  readonly skipped: number;
}

/** Projections of queries, keys and values; of neighbours of one input in one product where their weights adjoin. */
interface Projections {
  readonly query: Projection;
  readonly key: Projection;
  readonly value: Projection;
  readonly keyValue?: Projection;
  readonly all?: Projection;
}

export class MultiHeadAttention {
  readonly config: MultiHeadAttentionConfig;
  readonly #projections: Projections;
  readonly #output: Linear;
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError when heads do not divide modelSize */
  constructor(source: Parameters, config: MultiHeadAttentionConfig) {
    const { modelSize, heads, bias = true } = config;
    if (!(heads > 0 && Number.isInteger(modelSize / heads))) {
      throw new ArgumentError(`multiHeadAttention: heads must divide modelSize ${modelSize}, got ${heads}`);
    }
    this.config = config;
    const parameters = source.into(this.#parameters);
    this.#projections = createProjections(parameters, config);
    this.#output = new Linear(parameters.within('out_proj.'), {
      inputs: modelSize,
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
   * @throws ShapeError, DTypeError; ArgumentError for lengths outside 0..keys
   */
  forward(
    query: Tensor,
    key: Tensor = query,
    value: Tensor = key,
    { mask, lengths, returnWeights = false }: MultiHeadAttentionOptions = {},
  ): MultiHeadAttentionResult {
    const { modelSize, heads, keySize = modelSize, valueSize = modelSize } = this.config;
    expectShape('multiHeadAttention', 'query', query.shape, [null, null, modelSize]);
    expectShape('multiHeadAttention', 'key', key.shape, [query.shape[0]!, null, keySize]);
    expectShape('multiHeadAttention', 'value', value.shape, [query.shape[0]!, key.shape[1]!, valueSize]);
    const options: AttentionOptions = {
      heads,
      causal: mask === 'causal',
      mask: mask === 'causal' ? undefined : mask,
      lengths,
      returnWeights: returnWeights !== false,
    };
    return query.runtime.scope(() => {
      const [q, k, v] = this.#project(query, key, value) as [RowsOf, RowsOf, RowsOf];
      const attended = attention(q, k, v, options);
      const output = this.#output.forward(attended.output);
      if (!attended.weights) return { output };
      return {
        output,
        weights: returnWeights === 'mean' ? meanOverHeads(attended.weights) : attended.weights,
      };
    });
  }

  /** Queries, keys and values, side by side in one tensor where they come of one. */
  #project(query: Tensor, key: Tensor, value: Tensor): RowsOf[] {
    const { modelSize } = this.config;
    /** The first `count` parts of a projection. */
    const project = (x: Tensor, { weight, bias, skipped }: Projection, count = 1): RowsOf[] => {
      const tensor = linear(x, weight, bias);
      return Array.from({ length: count }, (_, i) => ({
        tensor,
        from: skipped + i * modelSize,
        to: skipped + (i + 1) * modelSize,
      }));
    };
    const { query: q, key: k, value: v, keyValue, all } = this.#projections;
    if (all && query === key && key === value) return project(query, all, 3);
    if (keyValue && key === value) return [...project(query, q), ...project(key, keyValue, 2)];
    return [...project(query, q), ...project(key, k), ...project(value, v)];
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    for (const { weight, bias } of Object.values(this.#projections) as Projection[]) {
      disposeWeight(weight);
      bias?.dispose();
    }
    this.#output.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * The input projections; those that share a parameter are views of its rows. In f32 a view is packed if it is used; an
 * 8-bit weight is packed once, whole.
 */
function createProjections(parameters: Parameters, config: MultiHeadAttentionConfig): Projections {
  const { modelSize, keySize = modelSize, valueSize = modelSize, bias = true } = config;
  // Glorot's bound for a matrix [outputs, inputs], as PyTorch has it.
  const weightOf = (name: string, outputs: number, inputs: number): Weight =>
    parameters.weight(name, [outputs, inputs], { bound: Math.sqrt(6 / (inputs + outputs)) });
  const biasOf = (): Tensor | undefined =>
    bias ? parameters.get('in_proj_bias', [3 * modelSize], { value: 0 }) : undefined;
  if (keySize === modelSize && valueSize === modelSize) {
    const weight = weightOf('in_proj_weight', 3 * modelSize, modelSize);
    const biases = biasOf();
    /** Parts [from, to) of query, key and value. */
    const part = (from: number, to: number): Projection =>
      rowsOf(weight, biases, from * modelSize, to * modelSize);
    return { query: part(0, 1), key: part(1, 2), value: part(2, 3), keyValue: part(1, 3), all: part(0, 3) };
  }
  const weights = [
    weightOf('q_proj_weight', modelSize, modelSize),
    weightOf('k_proj_weight', modelSize, keySize),
    weightOf('v_proj_weight', modelSize, valueSize),
  ];
  const biases = biasOf();
  const [query, key, value] = weights.map((weight, i) => ({
    weight,
    bias: biases?.slice(i * modelSize, (i + 1) * modelSize),
    skipped: 0,
  })) as [Projection, Projection, Projection];
  return { query, key, value };
}

/** The projection by rows [from, to). Views of 8-bit weights begin where a panel does: a few columns before are skipped. */
function rowsOf(weight: Weight, bias: Tensor | undefined, from: number, to: number): Projection {
  const skipped = weight instanceof Int8Weight ? from % INT8_PANEL_ROWS : 0;
  return { weight: weight.slice(from - skipped, to), bias: bias?.slice(from - skipped, to), skipped };
}
