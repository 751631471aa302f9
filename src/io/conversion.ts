import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import type { StoredTensor } from '../tensor/weights.ts';
import {
  bfloat16BitsOfFloat32,
  float16BitsOfFloat32,
  float32BitsOfBFloat16,
  float32BitsOfFloat8E4M3,
  float32BitsOfFloat8E5M2,
  float32BitsOfFloat16,
} from './halfPrecision.ts';
import { bytesPerElement, checkStoredTensor, storedByteLength } from './storedDType.ts';

/**
 * The elements of a stored tensor as a new Float32Array, row-major; `tensor.bytes` may start at any alignment.
 *
 * Exact for F32, F16, BF16, both F8, BOOL (0 or 1) and the 8- and 16-bit integers. F64, I32 and U32 are rounded to
 * the nearest float32 (ties to even), F64 beyond its range to an infinity; integers are exact up to 2^24. I64 and U64
 * are rounded to the nearest float64 first, then to float32.
 *
 * @throws {ShapeError | DTypeError | ArgumentError} if `tensor` is not a well-formed stored tensor.
 */
export function toFloat32(tensor: StoredTensor): Float32Array {
  const { bytes, view, length } = opened('toFloat32', tensor);
  const values = new Float32Array(length);
  const bits = new Uint32Array(values.buffer);
  switch (tensor.dtype) {
    case 'F32':
      for (let i = 0; i < length; i++) bits[i] = view.getUint32(4 * i, true);
      break;
    case 'F64':
      for (let i = 0; i < length; i++) values[i] = view.getFloat64(8 * i, true);
      break;
    case 'F16':
      for (let i = 0; i < length; i++) bits[i] = float32BitsOfFloat16(view.getUint16(2 * i, true));
      break;
    case 'BF16':
      for (let i = 0; i < length; i++) bits[i] = float32BitsOfBFloat16(view.getUint16(2 * i, true));
      break;
    case 'F8_E5M2':
      for (let i = 0; i < length; i++) bits[i] = float32BitsOfFloat8E5M2(bytes[i]!);
      break;
    case 'F8_E4M3':
      for (let i = 0; i < length; i++) bits[i] = float32BitsOfFloat8E4M3(bytes[i]!);
      break;
    default: {
      const element = integerReader(tensor.dtype, view);
      for (let i = 0; i < length; i++) values[i] = Number(element(i));
    }
  }
  return values;
}

/**
 * The elements of a stored integer or BOOL tensor as a new Int32Array, row-major, exactly; `tensor.bytes` may start
 * at any alignment.
 *
 * @throws {DTypeError} for floating-point dtypes.
 * @throws {ArgumentError} for an element outside [-2^31, 2^31), which U32, I64 and U64 may hold.
 * @throws {ShapeError | DTypeError | ArgumentError} if `tensor` is not a well-formed stored tensor.
 */
export function toInt32(tensor: StoredTensor): Int32Array {
  const { view, length } = opened('toInt32', tensor);
  const { dtype } = tensor;
  if (dtype.startsWith('F') || dtype === 'BF16') {
    throw new DTypeError(`toInt32: expected an integer or BOOL tensor, got ${dtype}`);
  }
  const values = new Int32Array(length);
  const element = integerReader(dtype as IntegerDType, view);
  for (let i = 0; i < length; i++) {
    const value = Number(element(i));
    if (value < -(2 ** 31) || value >= 2 ** 31) {
      throw new ArgumentError(`toInt32: element ${i} of the ${dtype} tensor is ${element(i)}, outside int32`);
    }
    values[i] = value;
  }
  return values;
}

/**
 * A stored tensor of the given shape (row-major) with a copy of `values`. F16 and BF16 are rounded to nearest, ties
 * to even; beyond their range values become infinite, below it subnormal, then zero. NaN stays NaN.
 *
 * @throws {ShapeError} if `shape` is not that of `values.length` elements.
 * @throws {DTypeError} for another dtype.
 * @throws {ArgumentError} if `values` is not a Float32Array.
 */
export function fromFloat32(
  values: Float32Array,
  shape: readonly number[],
  dtype: 'F32' | 'F16' | 'BF16',
): StoredTensor {
  if (!(values instanceof Float32Array)) {
    throw new ArgumentError('fromFloat32: expected values to be a Float32Array');
  }
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
    throw new DTypeError(`fromFloat32: expected F32, F16 or BF16, got ${String(dtype)}`);
  }
  const size = bytesPerElement[dtype];
  if (!Array.isArray(shape) || storedByteLength(shape, dtype) !== values.length * size) {
    throw new ShapeError(
      `fromFloat32: shape [${String(shape)}] does not hold the ${values.length} elements of values`,
    );
  }
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  if (dtype === 'F32') {
    for (let i = 0; i < bits.length; i++) view.setUint32(4 * i, bits[i]!, true);
  } else {
    const narrowed = dtype === 'F16' ? float16BitsOfFloat32 : bfloat16BitsOfFloat32;
    for (let i = 0; i < bits.length; i++) view.setUint16(2 * i, narrowed(bits[i]!), true);
  }
  return { dtype, shape: [...shape], bytes };
}

type IntegerDType = 'BOOL' | 'U8' | 'I8' | 'I16' | 'U16' | 'I32' | 'U32' | 'I64' | 'U64';

function integerReader(dtype: IntegerDType, view: DataView): (index: number) => number | bigint {
  switch (dtype) {
    case 'BOOL':
      return (i) => (view.getUint8(i) === 0 ? 0 : 1);
    case 'U8':
      return (i) => view.getUint8(i);
    case 'I8':
      return (i) => view.getInt8(i);
    case 'I16':
      return (i) => view.getInt16(2 * i, true);
    case 'U16':
      return (i) => view.getUint16(2 * i, true);
    case 'I32':
      return (i) => view.getInt32(4 * i, true);
    case 'U32':
      return (i) => view.getUint32(4 * i, true);
    case 'I64':
      return (i) => view.getBigInt64(8 * i, true);
    case 'U64':
      return (i) => view.getBigUint64(8 * i, true);
    default:
      return dtype satisfies never;
  }
}

function opened(where: string, tensor: StoredTensor): { bytes: Uint8Array; view: DataView; length: number } {
  checkStoredTensor(where, tensor);
  const { bytes, dtype } = tensor;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes, view, length: bytes.length / bytesPerElement[dtype] };
}
