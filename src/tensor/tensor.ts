import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import type { Storage } from '../memory/arena.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { checkShape, describe, type Shape, sizeOf } from './shape.ts';

/** Element types in a runtime's memory: 32-bit floats, and 32-bit integers for ids and lengths. */
export type DType = 'f32' | 'i32';

type Values = ArrayLike<number>;

/** A dense row-major array in a runtime's memory. Views made by `reshape` and `slice` share its block. */
export class Tensor {
  readonly runtime: Runtime;
  readonly storage: Storage;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  /** Bytes between the block's beginning and the first element. */
  readonly offset: number;

  /** Wraps a block; most callers want `Tensor.from`, `zeros` or `empty`. */
  constructor(runtime: Runtime, storage: Storage, shape: Shape, dtype: DType = 'f32', offset = 0) {
    this.runtime = runtime;
    this.storage = storage;
    this.shape = shape;
    this.dtype = dtype;
    this.size = sizeOf(shape);
    this.offset = offset;
  }

  /** A tensor with unspecified contents. @throws ShapeError, OutOfMemoryError */
  static empty(runtime: Runtime, shape: Shape, dtype: DType = 'f32'): Tensor {
    checkShape('tensor', shape);
    return new Tensor(runtime, runtime.allocate(4 * sizeOf(shape)), [...shape], dtype);
  }

  /** A tensor of zeros. @throws ShapeError, OutOfMemoryError */
  static zeros(runtime: Runtime, shape: Shape, dtype: DType = 'f32'): Tensor {
    const tensor = Tensor.empty(runtime, shape, dtype);
    runtime.kernels.f32_fill(tensor.pointer, tensor.size, 0);
    return tensor;
  }

  /** A tensor of zeros that outlives the scope it is made in: its owner disposes of it. @throws ShapeError, OutOfMemoryError */
  static persistent(runtime: Runtime, shape: Shape): Tensor {
    checkShape('tensor', shape);
    const tensor = new Tensor(runtime, runtime.memory.allocate(4 * sizeOf(shape)), [...shape]);
    runtime.kernels.f32_fill(tensor.pointer, tensor.size, 0);
    return tensor;
  }

  /**
   * Copies values in. Integers ('i32') must be whole numbers of 32 bits.
   * @throws ShapeError when the number of values does not fit the shape
   * @throws DTypeError when a value is not a whole number, for 'i32'
   */
  static from(
    runtime: Runtime,
    values: Values,
    shape: Shape = [values.length],
    dtype: DType = 'f32',
  ): Tensor {
    checkShape('tensor', shape);
    if (values.length !== sizeOf(shape)) {
      throw new ShapeError(
        `tensor: shape ${describe(shape)} needs ${sizeOf(shape)} values, got ${values.length}`,
      );
    }
    const tensor = Tensor.empty(runtime, shape, dtype);
    try {
      tensor.set(values);
    } catch (error) {
      tensor.dispose();
      throw error;
    }
    return tensor;
  }

  /** Byte address of the first element. @throws DisposedError */
  get pointer(): number {
    return this.storage.pointer + this.offset;
  }

  get disposed(): boolean {
    return this.storage.disposed;
  }

  /** Overwrites all elements. @throws ShapeError, DTypeError, DisposedError */
  set(values: Values): void {
    if (values.length !== this.size) {
      throw new ShapeError(
        `tensor.set: shape ${describe(this.shape)} needs ${this.size} values, got ${values.length}`,
      );
    }
    if (this.dtype === 'i32') {
      for (let i = 0; i < values.length; i++) {
        if ((values[i]! | 0) !== values[i]) {
          throw new DTypeError(
            `tensor: an i32 tensor takes whole numbers of 32 bits, got ${values[i]} at index ${i}`,
          );
        }
      }
    }
    const memory = this.dtype === 'i32' ? this.runtime.memory.integers : this.runtime.memory.floats;
    memory.set(values, this.pointer / 4);
    this.storage.version++;
  }

  /** A copy of the elements. @throws DisposedError */
  toArray(): Float32Array | Int32Array {
    const start = this.pointer / 4;
    const memory = this.dtype === 'i32' ? this.runtime.memory.integers : this.runtime.memory.floats;
    return memory.slice(start, start + this.size);
  }

  /** A copy of the elements of an f32 tensor. @throws DTypeError, DisposedError */
  toFloat32Array(): Float32Array {
    if (this.dtype !== 'f32') throw new DTypeError(`tensor.toFloat32Array: expected f32, got ${this.dtype}`);
    return this.toArray() as Float32Array;
  }

  /** The only element of a tensor of size one. @throws ShapeError, DisposedError */
  item(): number {
    if (this.size !== 1)
      throw new ShapeError(`tensor.item: needs one element, shape is ${describe(this.shape)}`);
    return this.toArray()[0]!;
  }

  /** The same elements under another shape: a view. @throws ShapeError when the sizes differ */
  reshape(shape: Shape): Tensor {
    checkShape('reshape', shape);
    if (sizeOf(shape) !== this.size) {
      throw new ShapeError(
        `reshape: ${describe(this.shape)} has ${this.size} elements, ${describe(shape)} has ${sizeOf(shape)}`,
      );
    }
    return new Tensor(this.runtime, this.storage, [...shape], this.dtype, this.offset);
  }

  /** Rows [from, to) of the first axis: a view. @throws ShapeError for a scalar, ArgumentError outside the axis */
  slice(from: number, to: number): Tensor {
    const [rows, ...rest] = this.shape;
    if (rows === undefined) throw new ShapeError('slice: a scalar has no axis to slice');
    if (!(Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= rows)) {
      throw new ArgumentError(`slice: need 0 <= from <= to <= ${rows}, got from ${from} to ${to}`);
    }
    return new Tensor(
      this.runtime,
      this.storage,
      [to - from, ...rest],
      this.dtype,
      this.offset + 4 * from * sizeOf(rest),
    );
  }

  /** The i-th entry along the first axis, without that axis: a view. */
  at(index: number): Tensor {
    return this.slice(index, index + 1).reshape(this.shape.slice(1));
  }

  /** Frees the block (for views, the shared one). A second call does nothing. */
  dispose(): void {
    this.storage.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * @param runtime of the other operands
 * @throws DTypeError `<where>: <argument> must be i32, got f32`; ArgumentError for a tensor of another runtime
 */
export function expectDType(
  where: string,
  argument: string,
  tensor: Tensor,
  dtype: DType,
  runtime: Runtime,
): void {
  if (tensor.dtype !== dtype)
    throw new DTypeError(`${where}: ${argument} must be ${dtype}, got ${tensor.dtype}`);
  if (tensor.runtime !== runtime)
    throw new ArgumentError(`${where}: ${argument} belongs to another runtime than the other operands`);
}
