/** The projections of multi-head attention's queries, keys and values, in the names of PyTorch's nn.MultiheadAttention. */
import type { RowsOf } from '../ops/attention.ts';
import { linear } from '../ops/linear.ts';
import { disposeWeight, type Weight } from '../ops/weight.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Parameters } from './parameters.ts';

export interface AttentionSizes {
  readonly modelSize: number;
  /** Width of the keys, PyTorch's kdim; modelSize by default. */
  readonly keySize?: number;
  /** Width of the values, PyTorch's vdim; modelSize by default. */
  readonly valueSize?: number;
  /** Width of what is projected to, all heads side by side; modelSize by default. */
  readonly innerSize?: number;
  /** Whether the projections have biases; true by default. */
  readonly bias?: boolean;
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

export class AttentionProjections {
  readonly #innerSize: number;
  readonly #projections: Projections;

  constructor(parameters: Parameters, config: AttentionSizes) {
    this.#innerSize = config.innerSize ?? config.modelSize;
    this.#projections = createProjections(parameters, config);
  }

  /** Queries, keys and values, side by side in one tensor where they come of one. */
  project(query: Tensor, key: Tensor, value: Tensor): [RowsOf, RowsOf, RowsOf] {
    const { all } = this.#projections;
    if (all && query === key && key === value) return this.#parts(query, all, 3) as [RowsOf, RowsOf, RowsOf];
    return [this.projectQuery(query), ...this.projectMemory(key, value)];
  }

  projectQuery(query: Tensor): RowsOf {
    return this.#parts(query, this.#projections.query)[0]!;
  }

  projectMemory(key: Tensor, value: Tensor): [RowsOf, RowsOf] {
    const { key: k, value: v, keyValue } = this.#projections;
    const parts =
      keyValue && key === value
        ? this.#parts(key, keyValue, 2)
        : [...this.#parts(key, k), ...this.#parts(value, v)];
    return parts as [RowsOf, RowsOf];
  }

  /** The first `count` parts of a projection. */
  #parts(x: Tensor, { weight, bias, skipped }: Projection, count = 1): RowsOf[] {
    const tensor = linear(x, weight, bias);
    return Array.from({ length: count }, (_, i) => ({
      tensor,
      from: skipped + i * this.#innerSize,
      to: skipped + (i + 1) * this.#innerSize,
    }));
  }

  dispose(): void {
    for (const { weight, bias } of Object.values(this.#projections) as Projection[]) {
      disposeWeight(weight);
      bias?.dispose();
    }
  }
}

/**
 * The input projections; those that share a parameter are views of its rows. In f32 a view is packed if it is used; an
 * 8-bit weight is packed once, whole.
 */
function createProjections(parameters: Parameters, config: AttentionSizes): Projections {
  const { modelSize, keySize = modelSize, valueSize = modelSize, bias = true } = config;
  const { innerSize = modelSize } = config;
  // Glorot's bound for a matrix [outputs, inputs], as PyTorch has it.
  const weightOf = (name: string, outputs: number, inputs: number): Weight =>
    parameters.weight(name, [outputs, inputs], { bound: Math.sqrt(6 / (inputs + outputs)) });
  const biasOf = (): Tensor | undefined =>
    bias ? parameters.get('in_proj_bias', [3 * innerSize], { value: 0 }) : undefined;
  if (keySize === modelSize && valueSize === modelSize) {
    const weight = weightOf('in_proj_weight', 3 * innerSize, modelSize);
    const biases = biasOf();
    /** Parts [from, to) of query, key and value. */
    const part = (from: number, to: number): Projection =>
      rowsOf(weight, biases, from * innerSize, to * innerSize);
    return { query: part(0, 1), key: part(1, 2), value: part(2, 3), keyValue: part(1, 3), all: part(0, 3) };
  }
  const weights = [
    weightOf('q_proj_weight', innerSize, modelSize),
    weightOf('k_proj_weight', innerSize, keySize),
    weightOf('v_proj_weight', innerSize, valueSize),
  ];
  const biases = biasOf();
  const [query, key, value] = weights.map((weight, i) => ({
    weight,
    bias: biases?.slice(i * innerSize, (i + 1) * innerSize),
    skipped: 0,
  })) as [Projection, Projection, Projection];
  return { query, key, value };
}

/** The projection by rows [from, to). Views of packed weights begin where a panel does: a few columns before are skipped. */
function rowsOf(weight: Weight, bias: Tensor | undefined, from: number, to: number): Projection {
  const skipped = from % weight.panelRows;
  return { weight: weight.slice(from - skipped, to), bias: bias?.slice(from - skipped, to), skipped };
}
