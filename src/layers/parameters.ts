/**
 * Where a layer's parameters come from: fresh ones, or a file's. A layer asks for each by name and shape; the same
 * constructor serves `create` and `load`.
 */
import { ArgumentError, FormatError } from '../errors.ts';
import { toFloat32 } from '../io/conversion.ts';
import { SCALE_SUFFIX } from '../io/quantise.ts';
import { Int8Weight } from '../ops/int8Weight.ts';
import { PackedWeight } from '../ops/packedWeight.ts';
import type { Weight } from '../ops/weight.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { checkShape, describe, type Shape, sizeOf } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { StoredTensor, WeightSource } from '../tensor/weights.ts';

/**
 * What 8-bit weights (I8 with `NAME.scale`) are computed in: `f32`, dequantised while loading, or `int8`, where they
 * stay as they are and activations are quantised as they come. Floating weights are computed in f32 either way.
 */
export type Arithmetic = 'f32' | 'int8';

/** Options of every `load`. */
export interface LoadOptions {
  /** Names in the file begin with it; none by default. */
  readonly prefix?: string;
  /** `f32` by default. */
  readonly arithmetic?: Arithmetic;
}

/** Fresh values: uniform in [-bound, bound], or all `value`. */
export type Initialisation = { readonly bound: number } | { readonly value: number };

/** A range of a weight's input columns. */
export interface Columns {
  readonly from: number;
  readonly to: number;
}

/** Where parameters' values come from, at once or later. */
export interface ParameterSource {
  /** Whether there is such a parameter; the source notes why not, and the loading fails as a whole. */
  has(name: string, shape: Shape): boolean;
  /** Fills a parameter, now or when its values come. */
  fill(name: string, parameter: Tensor, initialisation: Initialisation): void;
  /** A weight in these ranges of its columns that no tensor stands for, or undefined where a tensor is to. */
  weights(name: string, shape: readonly [number, number], ranges: readonly Columns[]): Weight[] | undefined;
}

/** A list of what was handed out; names lose the prefix that the list's owner was made with. */
interface ParameterList {
  readonly named: Map<string, Tensor>;
  readonly prefix: string;
}

/** Hands out parameters under a name prefix. */
export class Parameters {
  readonly runtime: Runtime;
  readonly prefix: string;
  readonly #source: ParameterSource;
  readonly #lists: readonly ParameterList[];

  constructor(runtime: Runtime, source: ParameterSource, prefix = '', lists: readonly ParameterList[] = []) {
    this.runtime = runtime;
    this.prefix = prefix;
    this.#source = source;
    this.#lists = lists;
  }

  /** The same source under a longer prefix: `within('encoder.')`. */
  within(prefix: string): Parameters {
    return new Parameters(this.runtime, this.#source, this.prefix + prefix, this.#lists);
  }

  /** The same source, which also enters what it hands out in `named`, by names without this prefix. */
  into(named: Map<string, Tensor>): Parameters {
    const list = { named, prefix: this.prefix };
    return new Parameters(this.runtime, this.#source, this.prefix, [...this.#lists, list]);
  }

  /** The parameter `prefix + name`, f32, which lives until it is disposed. */
  get(name: string, shape: Shape, initialisation: Initialisation): Tensor {
    const fullName = this.prefix + name;
    checkShape(fullName, shape);
    const there = this.#source.has(fullName, shape);
    // Straight from the arena: parameters outlive the scope they are made in. One that is missing stands in without
    // memory until the loading fails as a whole.
    const storage = this.runtime.memory.allocate(there ? 4 * sizeOf(shape) : 0, true);
    const tensor = new Tensor(this.runtime, storage, shape);
    for (const { named, prefix } of this.#lists) named.set(fullName.slice(prefix.length), tensor);
    if (there) this.#source.fill(fullName, tensor, initialisation);
    return tensor;
  }

  /**
   * The weight matrix `prefix + name` [outputs, inputs] for `linear` and recurrences. One in 8 bits has no tensor, so it
   * is in no list of parameters: what is loaded in int8 cannot be trained.
   */
  weight(name: string, shape: readonly [number, number], initialisation: Initialisation): Weight {
    return this.weightColumns(name, shape, initialisation, [shape[1]])[0]!;
  }

  /** `weight` in consecutive ranges of its input columns, of these widths: for inputs that are not concatenated. */
  weightColumns(
    name: string,
    shape: readonly [number, number],
    initialisation: Initialisation,
    widths: readonly number[],
  ): Weight[] {
    const starts = widths.map((_, i) => widths.slice(0, i).reduce((a, b) => a + b, 0));
    const ranges = widths.map((width, i) => ({ from: starts[i]!, to: starts[i]! + width }));
    const weights = this.#source.weights(this.prefix + name, shape, ranges);
    if (weights) return weights;
    const tensor = this.get(name, shape, initialisation);
    return ranges.map((range) => new PackedWeight(tensor, range));
  }
}

export function disposeAll(disposables: Iterable<{ dispose(): void }>): void {
  for (const each of disposables) each.dispose();
}

/** Builds a layer or model with fresh parameters; frees what was made when the builder throws. */
export function createParameters<Built>(
  runtime: Runtime,
  random: Random,
  build: (parameters: Parameters) => Built,
): Built {
  const named = new Map<string, Tensor>();
  const source: ParameterSource = {
    has: () => true,
    fill(_name, parameter, initialisation) {
      const values = new Float32Array(parameter.size);
      if ('value' in initialisation) parameter.set(values.fill(initialisation.value));
      else parameter.set(values.map(() => (2 * random.uniform() - 1) * initialisation.bound));
    },
    weights: () => undefined,
  };
  const parameters = new Parameters(runtime, source).into(named);
  try {
    return build(parameters);
  } catch (error) {
    disposeAll(named.values());
    throw error;
  }
}

/**
 * Builds a layer or model from stored weights.
 * @param prefix names in the file begin with it; names that do not are left alone
 * @param arithmetic what 8-bit weights are computed in
 * @throws FormatError that lists every missing, misshapen and (under the prefix) unexpected tensor, and when `int8` is
 *   asked for and no weight is in 8 bits; nothing is leaked. ArgumentError for an unknown arithmetic
 */
export function loadParameters<Built>(
  runtime: Runtime,
  weights: WeightSource,
  prefix: string,
  build: (parameters: Parameters) => Built,
  arithmetic: Arithmetic = 'f32',
): Built {
  if (arithmetic !== 'f32' && arithmetic !== 'int8') {
    throw new ArgumentError(
      `load: arithmetic must be f32 or int8, got ${String(arithmetic satisfies never)}`,
    );
  }
  const stored = new StoredParameters(runtime, weights, arithmetic);
  const named = new Map<string, Tensor>();
  try {
    const built = build(new Parameters(runtime, stored, prefix).into(named));
    const problems = [...stored.problems, ...stored.unexpected(prefix)];
    if (problems.length > 0) throw new FormatError(problems);
    return built;
  } catch (error) {
    disposeAll(named.values());
    disposeAll(stored.int8Weights);
    throw error;
  }
}

/** A file's tensors, and what was found wrong with them. */
class StoredParameters implements ParameterSource {
  /** Those handed out. */
  readonly int8Weights: Int8Weight[] = [];
  readonly problems: string[] = [];
  readonly #runtime: Runtime;
  readonly #weights: WeightSource;
  readonly #arithmetic: Arithmetic;
  readonly #used = new Set<string>();
  #asked = false;

  constructor(runtime: Runtime, weights: WeightSource, arithmetic: Arithmetic) {
    this.#runtime = runtime;
    this.#weights = weights;
    this.#arithmetic = arithmetic;
  }

  has(name: string, shape: Shape): boolean {
    const stored = this.#weights.get(name);
    this.#used.add(name);
    if (!stored) {
      this.problems.push(missing(name, shape));
      return false;
    }
    if (describe(stored.shape) !== describe(shape)) {
      this.problems.push(`weights: ${name} has shape ${describe(stored.shape)}, expected ${describe(shape)}`);
      return false;
    }
    if (stored.dtype !== 'I8' || this.#scalesOf(name, shape)) return true;
    this.problems.push(`weights: ${name} is I8 and needs ${name}${SCALE_SUFFIX} of ${shape[0]} scales`);
    return false;
  }

  fill(name: string, parameter: Tensor): void {
    const stored = this.#weights.get(name)!;
    const scales = stored.dtype === 'I8' && this.#scalesOf(name, parameter.shape);
    parameter.set(scales ? dequantise(stored, scales) : toFloat32(stored));
  }

  /** Leaves what does not fit to `has`, which says so. */
  weights(
    name: string,
    shape: readonly [number, number],
    ranges: readonly Columns[],
  ): Int8Weight[] | undefined {
    this.#asked = true;
    if (this.#arithmetic === 'f32') return undefined;
    const integers = this.#weights.get(name);
    if (integers?.dtype !== 'I8' || describe(integers.shape) !== describe(shape)) return undefined;
    const scales = this.#scalesOf(name, shape);
    if (!scales) return undefined;
    this.#used.add(name);
    return ranges.map((range) => {
      const weight = Int8Weight.pack(this.#runtime, integers, scales, range);
      this.int8Weights.push(weight);
      return weight;
    });
  }

  /** What nobody asked for, and an arithmetic that nothing was found for. */
  *unexpected(prefix: string): Iterable<string> {
    for (const name of this.#weights.names()) {
      if (name.startsWith(prefix) && !this.#used.has(name)) yield `weights: ${name} is unexpected`;
    }
    if (this.#arithmetic === 'int8' && this.#asked && this.int8Weights.length === 0) {
      yield 'weights: arithmetic int8 needs weights in I8, got none; quantize(weights) makes them';
    }
  }

  #scalesOf(name: string, shape: Shape): StoredTensor | undefined {
    this.#used.add(name + SCALE_SUFFIX);
    const scales = this.#weights.get(name + SCALE_SUFFIX);
    return scales && sizeOf(scales.shape) === shape[0] ? scales : undefined;
  }
}

/** What is wrong where a parameter is missing. */
export function missing(name: string, shape?: Shape): string {
  return `weights: ${name} is missing${shape ? ` (expected shape ${describe(shape)})` : ''}`;
}

/** value = integer * scale of its row. */
function dequantise(stored: StoredTensor, scales: StoredTensor): Float32Array {
  const values = toFloat32(stored);
  const rowScales = toFloat32(scales);
  const rowSize = values.length / rowScales.length;
  for (let i = 0; i < values.length; i++) values[i]! *= rowScales[Math.floor(i / rowSize)]!;
  return values;
}
