import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import type { StoredDType, StoredTensor } from '../tensor/weights.ts';

/** Bytes per element of each stored dtype, in increasing order of alignment: the order safetensors sorts by. */
export const bytesPerElement: Readonly<Record<StoredDType, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
};

export function isStoredDType(value: unknown): value is StoredDType {
  return typeof value === 'string' && Object.hasOwn(bytesPerElement, value);
}

/**
 * Bytes that a tensor of this shape takes, or undefined where `shape` is not a list of non-negative integers or
 * where its product does not fit in 2^53. Axes of length 0 do not hide an overflow among the others.
 */
export function storedByteLength(shape: readonly unknown[], dtype: StoredDType): number | undefined {
  let productOfNonZero = bytesPerElement[dtype];
  let empty = false;
  for (const length of shape) {
    if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) return undefined;
    if (length === 0) empty = true;
    else productOfNonZero *= length;
    if (!Number.isSafeInteger(productOfNonZero)) return undefined;
  }
  return empty ? 0 : productOfNonZero;
}

/**
 * Throws unless `tensor.bytes` holds exactly what its shape and dtype say.
 *
 * @throws {ArgumentError} if it is not an object with dtype, shape and bytes.
 * @throws {DTypeError} for a dtype that safetensors does not have.
 * @throws {ShapeError} for a bad shape, or one that does not match the number of bytes.
 */
export function checkStoredTensor(where: string, tensor: StoredTensor): void {
  if (!(tensor?.bytes instanceof Uint8Array) || !Array.isArray(tensor.shape)) {
    throw new ArgumentError(`${where}: expected { dtype, shape, bytes } with bytes a Uint8Array`);
  }
  const { dtype, shape, bytes } = tensor;
  if (!isStoredDType(dtype)) {
    throw new DTypeError(
      `${where}: dtype is ${String(dtype)}, expected one of ${Object.keys(bytesPerElement).join(', ')}`,
    );
  }
  const expected = storedByteLength(shape, dtype);
  if (expected === undefined) {
    throw new ShapeError(
      `${where}: shape is [${shape.join(', ')}], expected non-negative integers whose bytes number below 2^53`,
    );
  }
  if (bytes.length !== expected) {
    throw new ShapeError(
      `${where}: shape [${shape.join(', ')}] of ${dtype} takes ${expected} bytes, got ${bytes.length}`,
    );
  }
}
