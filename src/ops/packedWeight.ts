import { ArgumentError } from '../errors.ts';
import type { Storage } from '../memory/arena.ts';
import { expectShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * A weight matrix [outputs, inputs] as the matmul kernel wants it: packed when first used, again only after the
 * weight was changed in place. A range of input columns can be taken alone (a cell whose input is a concatenation).
 */
export class PackedWeight {
  readonly weight: Tensor;
  readonly outputs: number;
  readonly inputs: number;
  /** Input columns of the whole weight. */
  readonly stride: number;
  readonly #from: number;
  #forward: Packed | undefined;
  #backward: Packed | undefined;

  /**
   * @param weight [outputs, all inputs], PyTorch's layout
   * @param columns the inputs [from, to) to use; all by default
   * @throws ShapeError, ArgumentError
   */
  constructor(weight: Tensor, columns?: { from: number; to: number }) {
    expectShape('linear', 'weight', weight.shape, [null, null]);
    const [outputs, inputs] = weight.shape as readonly [number, number];
    const { from, to } = columns ?? { from: 0, to: inputs };
    if (!(0 <= from && from <= to && to <= inputs)) {
      throw new ArgumentError(`linear: columns must lie within 0..${inputs}, got ${from}..${to}`);
    }
    this.weight = weight;
    this.outputs = outputs;
    this.inputs = to - from;
    this.stride = inputs;
    this.#from = from;
  }

  /** A view by `slice` begins at a multiple of so many rows. */
  get panelRows(): number {
    return 1;
  }

  /** Byte address of the first used element of the weight. */
  get pointer(): number {
    return this.weight.pointer + 4 * this.#from;
  }

  /** Byte offset of the first used column within a row: for the gradient, which has the weight's layout. */
  get columnBytes(): number {
    return 4 * this.#from;
  }

  /** The right-hand side of x · W^T, packed. */
  get forward(): number {
    const { kernels } = this.weight.runtime;
    this.#forward = this.#refresh(this.#forward, this.outputs, this.inputs, (packed) =>
      kernels.f32_pack_transposed(packed, this.pointer, this.inputs, this.outputs, this.stride),
    );
    return this.#forward.storage.pointer;
  }

  /** The right-hand side of dy · W, packed. */
  get backward(): number {
    const { kernels } = this.weight.runtime;
    this.#backward = this.#refresh(this.#backward, this.inputs, this.outputs, (packed) =>
      kernels.f32_pack(packed, this.pointer, this.outputs, this.inputs, this.stride),
    );
    return this.#backward.storage.pointer;
  }

  /** Rows [from, to): a view of the weight, packed by itself when used. @throws ArgumentError */
  slice(from: number, to: number): PackedWeight {
    const columns = { from: this.#from, to: this.#from + this.inputs };
    return new PackedWeight(this.weight.slice(from, to), columns);
  }

  /** Frees the packed copies, not the weight. */
  dispose(): void {
    this.#forward?.storage.dispose();
    this.#backward?.storage.dispose();
    this.#forward = this.#backward = undefined;
  }

  #refresh(
    packed: Packed | undefined,
    columns: number,
    depth: number,
    pack: (pointer: number) => void,
  ): Packed {
    // Asked for first: a disposed weight throws before anything is allocated.
    void this.weight.pointer;
    const { version } = this.weight.storage;
    if (packed?.version === version) return packed;
    // Straight from the arena: a packed copy outlives the scope in which it is first needed.
    const storage = packed?.storage ?? this.weight.runtime.memory.allocate(packedBytes(columns, depth));
    pack(storage.pointer);
    return { storage, version };
  }
}

interface Packed {
  readonly storage: Storage;
  readonly version: number;
}

/** Bytes of a packed right-hand side of `columns` columns and `depth` rows: panels of eight columns. */
export function packedBytes(columns: number, depth: number): number {
  return 32 * Math.ceil(columns / 8) * depth;
}
