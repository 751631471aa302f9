import { ArgumentError, ShapeError } from '../errors.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { StoredTensor } from '../tensor/weights.ts';
import { fromFloat32 } from './conversion.ts';

/**
 * A matrix in 8 bits: symmetric, one scale for each row, value = integer * scale with integers in -127..127. The
 * largest error is half a scale: max|row| / 254.
 * @param shape [rows, columns]
 * @returns the integers (I8, `shape`) and their scales (F32 [rows, 1]); a row of zeros has scale 0
 * @throws ShapeError unless the shape has two axes and fits; ArgumentError for a value that is not finite
 */
export function quantiseRows(
  values: Float32Array,
  shape: readonly number[],
): { integers: StoredTensor; scales: StoredTensor } {
  const [rows, columns] = shape as readonly [number, number];
  if (shape.length !== 2 || sizeOf(shape) !== values.length) {
    throw new ShapeError(
      `quantiseRows: shape must be [rows, columns] of ${values.length} values, got [${shape.join(', ')}]`,
    );
  }
  const integers = new Int8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const line = values.subarray(row * columns, (row + 1) * columns);
    let largest = 0;
    for (const value of line) {
      if (!Number.isFinite(value))
        throw new ArgumentError(`quantiseRows: values must be finite, got ${value} in row ${row}`);
      largest = Math.max(largest, Math.abs(value));
    }
    const scale = Math.fround(largest / 127);
    scales[row] = scale;
    if (scale === 0) continue;
    for (let i = 0; i < columns; i++) {
      integers[row * columns + i] = Math.max(-127, Math.min(127, Math.round(line[i]! / scale)));
    }
  }
  return {
    integers: { dtype: 'I8', shape: [rows, columns], bytes: new Uint8Array(integers.buffer) },
    scales: fromFloat32(scales, [rows, 1], 'F32'),
  };
}
