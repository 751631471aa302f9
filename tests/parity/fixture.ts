/** One case: its options, and its tensors in a runtime's memory. */
import { toFloat32, toInt32 } from '../../src/io/conversion.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { StoredTensor, WeightSource } from '../../src/tensor/weights.ts';
import type { TrainingRuntime } from '../../src/train/trainingRuntime.ts';
import { Options } from './options.ts';

/** What an index says of a case. */
export interface CaseDescription {
  readonly case: string;
  /** What computes it: a PyTorch module, an ONNX operator. */
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly call?: Readonly<Record<string, unknown>> | string;
  /** The output that is the loss itself. */
  readonly loss?: string;
  readonly compare?: 'tensor' | 'elementwise';
  /** What the case's makers allow: absolute, and relative as `measure` measures it. */
  readonly tol?: { readonly out?: number; readonly out_rel?: number; readonly grad_rel?: number };
}

const ofOwner = /^in\.(cotangent|grad)\./;

export class Fixture {
  readonly runtime: TrainingRuntime;
  readonly description: CaseDescription;
  readonly options: Options;
  readonly call: Options;
  /** The case's tensors alone, by names without the case's. */
  readonly source: WeightSource;
  readonly #asked = new Set<string>();
  readonly #owned: { dispose(): void }[] = [];

  constructor(runtime: TrainingRuntime, description: CaseDescription, source: WeightSource) {
    this.runtime = runtime;
    this.description = description;
    this.options = new Options(description.options);
    this.call = new Options(typeof description.call === 'object' ? description.call : {});
    this.source = source;
  }

  has(name: string): boolean {
    this.#asked.add(name);
    return this.source.get(name) !== undefined;
  }

  /** @throws Error when there is none of that name */
  stored(name: string): StoredTensor {
    this.#asked.add(name);
    const stored = this.source.get(name);
    if (!stored) throw new Error(`the case has no tensor ${name}`);
    return stored;
  }

  shape(name: string): readonly number[] {
    return this.stored(name).shape;
  }

  /** Names with the prefix, without it. */
  names(prefix: string): string[] {
    return this.source
      .names()
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  }

  floats(name: string): Float32Array {
    return toFloat32(this.stored(name));
  }

  integers(name: string): Int32Array {
    return toInt32(this.stored(name));
  }

  /** Elements in double precision. */
  doubles(name: string): Float64Array {
    return doubles(this.stored(name));
  }

  /** A stored tensor in the runtime's memory, integers as i32, under another shape if given. */
  tensor(name: string, shape: readonly number[] = this.shape(name)): Tensor {
    return /^[IU]/.test(this.stored(name).dtype)
      ? Tensor.from(this.runtime, this.integers(name), shape, 'i32')
      : Tensor.from(this.runtime, this.floats(name), shape);
  }

  optional(name: string): Tensor | undefined {
    return this.has(name) ? this.tensor(name) : undefined;
  }

  /** What is disposed of after the case. */
  own<Thing extends { dispose(): void }>(thing: Thing): Thing {
    this.#owned.push(thing);
    return thing;
  }

  release(): void {
    for (const thing of this.#owned.splice(0)) thing.dispose();
  }

  /** Inputs that nobody asked for. */
  unasked(): string[] {
    return this.source
      .names()
      .filter((name) => name.startsWith('in.') && !ofOwner.test(name) && !this.#asked.has(name));
  }
}

export function doubles(tensor: StoredTensor): Float64Array {
  if (tensor.dtype !== 'F64') return Float64Array.from(toFloat32(tensor));
  const view = new DataView(tensor.bytes.buffer, tensor.bytes.byteOffset, tensor.bytes.byteLength);
  return Float64Array.from({ length: tensor.bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}
