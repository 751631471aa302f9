import { ArgumentError, UnsupportedError } from '../errors.ts';
import type { Storage } from '../memory/arena.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Tensor } from '../tensor/tensor.ts';
import { PackedWeight, packedBytes } from './packedWeight.ts';

/** Outputs of a panel: a range of rows can be used alone from where a panel begins. */
const PANEL_ROWS = 8;

/**
 * A weight matrix [outputs, inputs] in f32, held only as the matmul kernel wants it: what is loaded to run, not to
 * train, takes its memory once. Its `weight` has a shape but no elements, and no gradient.
 */
export class FrozenWeight extends PackedWeight {
  readonly #runtime: Runtime;
  readonly #storage: Storage;
  readonly #firstRow: number;

  /** @param weight stands for the elements, which are not there */
  private constructor(weight: Tensor, storage: Storage, firstRow: number) {
    super(weight);
    this.#runtime = weight.runtime;
    this.#storage = storage;
    this.#firstRow = firstRow;
  }

  /** All zeros, until it is written. It lives until it is disposed. @throws OutOfMemoryError */
  static zeros(runtime: Runtime, outputs: number, inputs: number): FrozenWeight {
    const bytes = packedBytes(outputs, inputs);
    // Straight from the arena: weights outlive the scope in which they are made.
    const storage = runtime.memory.allocate(bytes, true);
    runtime.memory.floats.fill(0, storage.pointer / 4, (storage.pointer + bytes) / 4);
    const empty = runtime.memory.allocate(0);
    return new FrozenWeight(new Tensor(runtime, empty, [outputs, inputs]), storage, 0);
  }

  override get panelRows(): number {
    return PANEL_ROWS;
  }

  /** @throws UnsupportedError: there are no elements in rows */
  override get pointer(): number {
    throw new UnsupportedError('linear: a frozen weight has no rows, it is only there packed');
  }

  /** @throws UnsupportedError: gradients do not pass */
  override get backward(): number {
    throw new UnsupportedError('linear: gradients cannot pass through a frozen weight');
  }

  /** Byte address of the packed weight. @throws DisposedError */
  override get forward(): number {
    return this.#storage.pointer + packedBytes(this.#firstRow, this.inputs);
  }

  /**
   * Rows [from, to): a view, without a copy.
   * @throws ArgumentError unless `from` is a multiple of PANEL_ROWS and both lie within the weight
   */
  override slice(from: number, to: number): FrozenWeight {
    if (!(0 <= from && from <= to && to <= this.outputs && from % PANEL_ROWS === 0)) {
      const allowed = `0 <= from <= to <= ${this.outputs}, from a multiple of ${PANEL_ROWS}`;
      throw new ArgumentError(`FrozenWeight.slice: need ${allowed}, got from ${from} to ${to}`);
    }
    const rows = new Tensor(this.#runtime, this.weight.storage, [to - from, this.inputs]);
    return new FrozenWeight(rows, this.#storage, this.#firstRow + from);
  }

  /**
   * Writes consecutive elements of the row-major matrix.
   * @param start the first element's index: row * inputs + column
   * @throws ArgumentError past the end
   */
  write(start: number, values: ArrayLike<number>): void {
    this.#expectWithin(start, values.length);
    const { floats } = this.#runtime.memory;
    const { inputs } = this;
    let [row, column] = [Math.floor(start / inputs), start % inputs];
    for (let i = 0; i < values.length; ) {
      const end = Math.min(values.length, i + inputs - column);
      let target = this.#index(row, column);
      for (; i < end; i++, target += PANEL_ROWS) floats[target] = values[i]!;
      row++;
      column = 0;
    }
  }

  /**
   * Writes consecutive elements of the transpose of rows [from, to): [inputs, to - from], row-major.
   * @param start the first element's index: column * (to - from) + row - from
   * @throws ArgumentError past the end
   */
  writeTransposed(from: number, to: number, start: number, values: ArrayLike<number>): void {
    const rows = to - from;
    this.#expectWithin(from * this.inputs + start, values.length);
    const { floats } = this.#runtime.memory;
    for (let i = 0; i < values.length; i++) {
      const at = start + i;
      floats[this.#index(from + (at % rows), Math.floor(at / rows))] = values[i]!;
    }
  }

  /** Reads a row. @param into [inputs] @throws ArgumentError for a row that there is not */
  readRow(row: number, into: Float32Array): void {
    this.#expectWithin(row * this.inputs, this.inputs);
    const { floats } = this.#runtime.memory;
    let source = this.#index(row, 0);
    for (let column = 0; column < this.inputs; column++, source += PANEL_ROWS) into[column] = floats[source]!;
  }

  /** Where an element lies among the memory's floats. */
  #index(row: number, column: number): number {
    const at = this.#firstRow + row;
    const panel = Math.floor(at / PANEL_ROWS);
    return this.#storage.pointer / 4 + (panel * this.inputs + column) * PANEL_ROWS + (at % PANEL_ROWS);
  }

  #expectWithin(start: number, length: number): void {
    const size = this.outputs * this.inputs;
    if (start >= 0 && start + length <= size) return;
    throw new ArgumentError(
      `FrozenWeight: elements must lie within 0..${size}, got ${start}..${start + length}`,
    );
  }

  /** Frees the memory (for views, the shared one). A second call does nothing. */
  override dispose(): void {
    this.#storage.dispose();
    this.weight.dispose();
  }
}
