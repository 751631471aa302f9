import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import { toFloat32 } from '../io/conversion.ts';
import type { Storage } from '../memory/arena.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { describe, expectShape, sizeOf } from '../tensor/shape.ts';
import type { StoredTensor } from '../tensor/weights.ts';

/** Rows that the kernels quantise at a time: their scratch holds no more. */
const SCRATCH_ROWS = 32;

/** Outputs of a panel of packed 8-bit weights: a range of rows can be used alone from where a panel begins. */
export const INT8_PANEL_ROWS = 32;

/** Where a packed weight lies. */
interface Int8Storage {
  readonly packed: Storage;
  /** f32, one for each output. */
  readonly scales: Storage;
}

/**
 * A weight matrix [outputs, inputs] in 8 bits, packed for the int8 kernels when made: value = integer * scale of its
 * row. Nothing of it is kept in f32. It has no gradient.
 */
export class Int8Weight {
  readonly runtime: Runtime;
  readonly outputs: number;
  readonly inputs: number;
  readonly #storage: Int8Storage;
  readonly #firstRow: number;

  /** Wraps what is packed already; most callers want `Int8Weight.pack`. @param firstRow a multiple of INT8_PANEL_ROWS */
  constructor(runtime: Runtime, storage: Int8Storage, outputs: number, inputs: number, firstRow = 0) {
    this.runtime = runtime;
    this.outputs = outputs;
    this.inputs = inputs;
    this.#storage = storage;
    this.#firstRow = firstRow;
  }

  /**
   * Packs stored integers.
   * @param integers I8 [outputs, all inputs], PyTorch's layout
   * @param scales one for each output: [outputs] or [outputs, 1], floating
   * @param columns the inputs [from, to) to use; all by default
   * @throws DTypeError, ShapeError, ArgumentError, OutOfMemoryError
   */
  static pack(
    runtime: Runtime,
    integers: StoredTensor,
    scales: StoredTensor,
    columns?: { from: number; to: number },
  ): Int8Weight {
    if (integers.dtype !== 'I8') {
      throw new DTypeError(`Int8Weight: integers must be I8, got ${integers.dtype}`);
    }
    expectShape('Int8Weight', 'integers', integers.shape, [null, null]);
    const [outputs, stride] = integers.shape as readonly [number, number];
    if (sizeOf(scales.shape) !== outputs) {
      throw new ShapeError(`Int8Weight: scales must hold ${outputs} values, got ${describe(scales.shape)}`);
    }
    const { from, to } = columns ?? { from: 0, to: stride };
    if (!(0 <= from && from <= to && to <= stride)) {
      throw new ArgumentError(`Int8Weight: columns must lie within 0..${stride}, got ${from}..${to}`);
    }
    const weight = Int8Weight.empty(runtime, outputs, to - from);
    try {
      weight.fill(integers.bytes, toFloat32(scales), { from, stride });
      return weight;
    } catch (error) {
      weight.dispose();
      throw error;
    }
  }

  /** Room for a weight, to be filled. It lives until it is disposed. @throws ArgumentError, OutOfMemoryError */
  static empty(runtime: Runtime, outputs: number, inputs: number): Int8Weight {
    // The sums of a row's products must fit 32 bits.
    if (inputs > MOST_INPUTS) {
      throw new ArgumentError(`Int8Weight: takes at most ${MOST_INPUTS} inputs, got ${inputs}`);
    }
    const { memory } = runtime;
    // Straight from the arena: weights outlive the scope in which they are made.
    const scales = memory.allocate(4 * outputs, true);
    try {
      const packed = memory.allocate(int8PackedBytes(outputs, inputs), true);
      return new Int8Weight(runtime, { scales, packed }, outputs, inputs);
    } catch (error) {
      scales.dispose();
      throw error;
    }
  }

  /**
   * Packs the whole weight.
   * @param integers signed bytes [outputs, stride], of which the inputs from column `from` on are taken
   * @param scales one for each output
   * @throws OutOfMemoryError
   */
  fill(integers: Uint8Array, scales: Float32Array, { from = 0, stride = this.inputs } = {}): void {
    const { memory, kernels } = this.runtime;
    const source = memory.allocate(integers.length);
    memory.floats.set(scales, this.scales / 4);
    new Uint8Array(memory.integers.buffer, source.pointer, integers.length).set(integers);
    kernels.qi8_pack(this.packed, source.pointer + from, this.inputs, this.outputs, stride);
    source.dispose();
  }

  /** A view by `slice` begins at a multiple of so many rows. */
  get panelRows(): number {
    return INT8_PANEL_ROWS;
  }

  /**
   * Rows [from, to): a view, without a copy.
   * @throws ArgumentError unless `from` is a multiple of INT8_PANEL_ROWS and both lie within the weight
   */
  slice(from: number, to: number): Int8Weight {
    if (!(0 <= from && from <= to && to <= this.outputs && from % INT8_PANEL_ROWS === 0)) {
      const allowed = `0 <= from <= to <= ${this.outputs}, from a multiple of ${INT8_PANEL_ROWS}`;
      throw new ArgumentError(`Int8Weight.slice: need ${allowed}, got from ${from} to ${to}`);
    }
    return new Int8Weight(this.runtime, this.#storage, to - from, this.inputs, this.#firstRow + from);
  }

  /** Byte address of the packed integers. @throws DisposedError */
  get packed(): number {
    return this.#storage.packed.pointer + int8PackedBytes(this.#firstRow, this.inputs);
  }

  /** Byte address of the outputs' scales, f32. @throws DisposedError */
  get scales(): number {
    return this.#storage.scales.pointer + 4 * this.#firstRow;
  }

  /** Bytes that the kernels, on all threads, quantise `rows` rows of activations in. */
  scratchBytes(rows: number): number {
    return this.runtime.threads * this.#threadScratchBytes(rows);
  }

  #threadScratchBytes(rows: number): number {
    return Math.min(rows, SCRATCH_ROWS) * (8 + 8 * Math.ceil(this.inputs / 4));
  }

  /**
   * out [rows, outputs] = x [rows, inputs] · W^T (+ bias), or out += x · W^T: at byte addresses, without allocation.
   * A single row is taken in 16 bits, several in 7 bits each.
   * @param bias byte address, or 0 for none
   * @param scratch byte address of `scratchBytes(rows)`
   */
  multiply(out: number, scratch: number, x: number, bias: number, rows: number, accumulate: boolean): void {
    const { packed, scales, inputs, outputs } = this;
    const values = [
      out,
      scratch,
      x,
      packed,
      scales,
      bias,
      rows,
      outputs,
      inputs,
      inputs,
      outputs,
      accumulate ? 1 : 0,
    ];
    this.runtime.call(rows === 1 ? 'qi8_matmul_i16' : 'qi8_matmul', values, rows * outputs * inputs, {
      argument: 6,
      grain: SCRATCH_ROWS,
      advance: { 0: 4 * outputs, 2: 4 * inputs },
      perThread: { 1: this.#threadScratchBytes(rows) },
    });
  }

  /** Frees the memory (for views, the shared one). A second call does nothing. */
  dispose(): void {
    this.#storage.packed.dispose();
    this.#storage.scales.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Beyond it 16-bit activations would have fewer than 8 bits left. */
const MOST_INPUTS = 65_536;

/** Bytes of packed 8-bit weights: panels of 32 rows, each with its sums. */
export function int8PackedBytes(outputs: number, inputs: number): number {
  return 128 * Math.ceil(outputs / INT8_PANEL_ROWS) * (1 + Math.ceil(inputs / 4));
}
