/**
 * Where a layer's parameters come from: fresh ones, or a file's. A layer asks for each by name and shape; the same
 * constructor serves `create` and `load`.
 */
import { FormatError } from '../errors.ts';
import { toFloat32 } from '../io/conversion.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { describe, type Shape, sizeOf } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { StoredTensor, WeightSource } from '../tensor/weights.ts';

/** Suffix of the tensor that holds an 8-bit weight's scales, [rows, 1] (or [rows]), one for each row. */
export const SCALE_SUFFIX = '.scale';

/** Fresh values: uniform in [-bound, bound], or all `value`. */
export type Initialisation = { readonly bound: number } | { readonly value: number };

/** Gives a parameter's values, or undefined where the source has none (and has noted why). */
type Provide = (name: string, shape: Shape, initialisation: Initialisation) => Float32Array | undefined;

/** A list of what was handed out; names lose the prefix that the list's owner was made with. */
interface ParameterList {
  readonly named: Map<string, Tensor>;
  readonly prefix: string;
}

/** Hands out parameters under a name prefix. */
export class Parameters {
  readonly runtime: Runtime;
  readonly prefix: string;
  readonly #provide: Provide;
  readonly #lists: readonly ParameterList[];

  constructor(runtime: Runtime, provide: Provide, prefix = '', lists: readonly ParameterList[] = []) {
    this.runtime = runtime;
    this.prefix = prefix;
    this.#provide = provide;
    this.#lists = lists;
  }

  /** The same source under a longer prefix: `within('encoder.')`. */
  within(prefix: string): Parameters {
    return new Parameters(this.runtime, this.#provide, this.prefix + prefix, this.#lists);
  }

  /** The same source, which also enters what it hands out in `named`, by names without this prefix. */
  into(named: Map<string, Tensor>): Parameters {
    const list = { named, prefix: this.prefix };
    return new Parameters(this.runtime, this.#provide, this.prefix, [...this.#lists, list]);
  }

  /** The parameter `prefix + name`, f32, which lives until it is disposed. */
  get(name: string, shape: Shape, initialisation: Initialisation): Tensor {
    const fullName = this.prefix + name;
    const values = this.#provide(fullName, shape, initialisation);
    // Straight from the arena: parameters outlive the scope they are made in. One that is missing stands in without
    // memory until the loading fails as a whole.
    const storage = this.runtime.memory.allocate(values ? 4 * sizeOf(shape) : 0);
    const tensor = new Tensor(this.runtime, storage, shape);
    for (const { named, prefix } of this.#lists) named.set(fullName.slice(prefix.length), tensor);
    if (values) tensor.set(values);
    return tensor;
  }
}

function disposeAll(tensors: Iterable<Tensor>): void {
  for (const tensor of tensors) tensor.dispose();
}

/** Builds a layer or model with fresh parameters; frees what was made when the builder throws. */
export function createParameters<Built>(
  runtime: Runtime,
  random: Random,
  build: (parameters: Parameters) => Built,
): Built {
  const named = new Map<string, Tensor>();
  const parameters = new Parameters(runtime, (_name, shape, initialisation) => {
    const values = new Float32Array(sizeOf(shape));
    if ('value' in initialisation) return values.fill(initialisation.value);
    return values.map(() => (2 * random.uniform() - 1) * initialisation.bound);
  }).into(named);
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
 * @throws FormatError that lists every missing, misshapen and (under the prefix) unexpected tensor; nothing is leaked
 */
export function loadParameters<Built>(
  runtime: Runtime,
  weights: WeightSource,
  prefix: string,
  build: (parameters: Parameters) => Built,
): Built {
  const problems: string[] = [];
  const used = new Set<string>();
  const provide: Provide = (name, shape) => {
    const stored = weights.get(name);
    used.add(name);
    if (!stored) {
      problems.push(`weights: ${name} is missing (expected shape ${describe(shape)})`);
      return undefined;
    }
    if (describe(stored.shape) !== describe(shape)) {
      problems.push(`weights: ${name} has shape ${describe(stored.shape)}, expected ${describe(shape)}`);
      return undefined;
    }
    if (stored.dtype !== 'I8') return toFloat32(stored);
    used.add(name + SCALE_SUFFIX);
    const scales = weights.get(name + SCALE_SUFFIX);
    if (!scales || sizeOf(scales.shape) !== shape[0]) {
      problems.push(`weights: ${name} is I8 and needs ${name}${SCALE_SUFFIX} of ${shape[0]} scales`);
      return undefined;
    }
    return dequantise(stored, scales);
  };
  const named = new Map<string, Tensor>();
  const parameters = new Parameters(runtime, provide, prefix).into(named);
  try {
    const built = build(parameters);
    for (const name of weights.names()) {
      if (name.startsWith(prefix) && !used.has(name)) problems.push(`weights: ${name} is unexpected`);
    }
    if (problems.length > 0) throw new FormatError(problems);
    return built;
  } catch (error) {
    disposeAll(named.values());
    throw error;
  }
}

/** value = integer * scale of its row. */
function dequantise(stored: StoredTensor, scales: StoredTensor): Float32Array {
  const values = toFloat32(stored);
  const rowScales = toFloat32(scales);
  const rowSize = values.length / rowScales.length;
  for (let i = 0; i < values.length; i++) values[i]! *= rowScales[Math.floor(i / rowSize)]!;
  return values;
}
