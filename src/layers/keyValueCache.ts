import { refuseGradient } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import type { RowsOf } from '../ops/attention.ts';
import { expectFloats } from '../ops/operands.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

export interface KeyValueCacheConfig {
  /** Rows side by side. */
  readonly batch: number;
  /** Width of a key, all heads side by side. */
  readonly keySize: number;
  /** Width of a value; keySize by default. */
  readonly valueSize?: number;
  /** Positions that there is room for at first; 16 by default. */
  readonly capacity?: number;
  /** Most positions; no limit by default. With `capacity` equal to it, nothing is allocated later. */
  readonly maxLength?: number;
}

/** All positions of a tensor [batch, positions, width], and of its columns those [from, to). */
type Columns = Omit<RowsOf, 'rows'>;

/**
 * The projected keys and values of what attention has seen: [batch, capacity, width], of which the first lengths[b]
 * positions of row b count. Rows are equally long until `truncate` makes them differ. They live until `dispose`, outside
 * scopes. When full, the capacity doubles, up to maxLength.
 */
export class KeyValueCache {
  readonly runtime: Runtime;
  readonly maxLength: number;
  #keys: Tensor;
  #values: Tensor;
  #lengths: readonly number[];

  /** @throws ShapeError, OutOfMemoryError; ArgumentError for a maxLength below the capacity */
  constructor(runtime: Runtime, config: KeyValueCacheConfig) {
    const { batch, keySize, valueSize = keySize, maxLength = Number.POSITIVE_INFINITY } = config;
    const { capacity = Math.min(16, maxLength) } = config;
    if (!(capacity <= maxLength)) {
      throw new ArgumentError(`keyValueCache: capacity ${capacity} must be at most maxLength ${maxLength}`);
    }
    this.runtime = runtime;
    this.maxLength = maxLength;
    this.#lengths = new Array<number>(batch).fill(0);
    this.#keys = Tensor.persistent(runtime, [batch, capacity, keySize]);
    try {
      this.#values = Tensor.persistent(runtime, [batch, capacity, valueSize]);
    } catch (error) {
      this.#keys.dispose();
      throw error;
    }
  }

  get batch(): number {
    return this.#keys.shape[0]!;
  }

  /** Positions held of the longest row. */
  get length(): number {
    return this.#lengths.reduce((a, b) => Math.max(a, b), 0);
  }

  /** Positions held of each row. */
  get lengths(): readonly number[] {
    return this.#lengths;
  }

  get capacity(): number {
    return this.#keys.shape[1]!;
  }

  /** The keys held, in place; what lies behind a shorter row's is finite and means nothing. */
  get keys(): RowsOf {
    return { tensor: this.#keys, rows: this.length };
  }

  /** The values held, in place, likewise. */
  get values(): RowsOf {
    return { tensor: this.#values, rows: this.length };
  }

  /**
   * Copies keys and values behind those held, of each row its own.
   * @param key [batch, positions, keySize], or these columns of a tensor
   * @param value [batch, positions, valueSize], likewise
   * @throws ShapeError; ArgumentError past maxLength; UnsupportedError when gradients would have to pass through
   */
  append(key: Columns, value: Columns): void {
    const { batch } = this;
    const positions = key.tensor.shape[1]!;
    for (const [name, rows, own] of [
      ['key', key, this.#keys],
      ['value', value, this.#values],
    ] as const) {
      const { from = 0, to = rows.tensor.shape[2]! } = rows;
      expectShape('keyValueCache', name, rows.tensor.shape, [batch, positions, null]);
      expectShape('keyValueCache', name, [batch, positions, to - from], [batch, positions, own.shape[2]!]);
    }
    expectFloats('keyValueCache', { cache: this.#keys, key: key.tensor, value: value.tensor });
    refuseGradient('keyValueCache', [key.tensor, value.tensor]);
    const length = this.length + positions;
    if (length > this.maxLength) {
      throw new ArgumentError(
        `keyValueCache: holds at most ${this.maxLength} positions, ${length} would be needed`,
      );
    }
    if (length > this.capacity) this.#grow(length);
    this.#write(this.#keys, key);
    this.#write(this.#values, value);
    this.#lengths = this.#lengths.map((held) => held + positions);
  }

  /**
   * Forgets all but the first `length` positions, or of each row as many as its own entry says.
   * @throws ShapeError; ArgumentError for more than are held
   */
  truncate(length: number | readonly number[]): void {
    const lengths = typeof length === 'number' ? [length] : length;
    const held = typeof length === 'number' ? [this.length] : this.#lengths;
    expectShape('keyValueCache', 'lengths', [lengths.length], [held.length]);
    lengths.forEach((kept, row) => {
      if (Number.isInteger(kept) && kept >= 0 && kept <= held[row]!) return;
      throw new ArgumentError(`keyValueCache: length must lie in 0..${held[row]}, got ${kept}`);
    });
    this.#lengths = this.#lengths.map((own, row) =>
      typeof length === 'number' ? Math.min(own, length) : length[row]!,
    );
  }

  /**
   * Keeps batch row rows[i] as row i, for each i: repeats allowed, others forgotten.
   * @throws ArgumentError for a row outside the batch; OutOfMemoryError, which leaves all as it was
   */
  select(rows: ArrayLike<number>): void {
    const from = Array.from(rows);
    for (const row of from) {
      if (!(Number.isInteger(row) && row >= 0 && row < this.batch)) {
        throw new ArgumentError(`keyValueCache: rows must lie in 0..${this.batch - 1}, got ${row}`);
      }
    }
    if (from.length === this.batch && from.every((row, i) => row === i)) return;
    this.#replace(from, this.capacity);
    this.#lengths = from.map((row) => this.#lengths[row]!);
  }

  #grow(length: number): void {
    const capacity = Math.min(this.maxLength, Math.max(length, 2 * this.capacity));
    this.#replace(
      Array.from({ length: this.batch }, (_, row) => row),
      capacity,
    );
  }

  /** Moves what is held of these rows into blocks of their own. */
  #replace(rows: readonly number[], capacity: number): void {
    const keys = this.#moved(this.#keys, rows, capacity);
    try {
      const values = this.#moved(this.#values, rows, capacity);
      this.dispose();
      this.#keys = keys;
      this.#values = values;
    } catch (error) {
      keys.dispose();
      throw error;
    }
  }

  #moved(from: Tensor, rows: readonly number[], capacity: number): Tensor {
    const width = from.shape[2]!;
    const to = Tensor.persistent(this.runtime, [rows.length, capacity, width]);
    const held = this.length * width;
    rows.forEach((row, i) => {
      const source = from.pointer + 4 * row * this.capacity * width;
      const target = to.pointer + 4 * i * capacity * width;
      this.runtime.kernels.f32_copy_columns(target, source, 1, held, held, held, 0);
    });
    return to;
  }

  #write(to: Tensor, { tensor, from = 0 }: Columns): void {
    const [batch, positions, stride] = tensor.shape as readonly [number, number, number];
    const width = to.shape[2]!;
    for (let b = 0; b < batch; b++) {
      this.runtime.kernels.f32_copy_columns(
        to.pointer + 4 * (b * this.capacity + this.#lengths[b]!) * width,
        tensor.pointer + 4 * (b * positions * stride + from),
        positions,
        width,
        width,
        stride,
        0,
      );
    }
  }

  dispose(): void {
    this.#keys.dispose();
    this.#values.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
