import { ArgumentError, ShapeError } from '../errors.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { StoredDType, StoredTensor, WeightSource } from '../tensor/weights.ts';
import { fromFloat32, toFloat32 } from './conversion.ts';

/** Suffix of the tensor that holds an 8-bit weight's scales, [rows, 1] (or [rows]), one for each row. */
export const SCALE_SUFFIX = '.scale';

/** Names that a pattern is found in, or that a predicate holds for. */
export type NamePattern = RegExp | ((name: string) => boolean);

export interface QuantizeOptions {
  /** Only these tensors; all by default. */
  readonly include?: NamePattern;
  /** Not these, `/embedding/` say; none by default. */
  readonly exclude?: NamePattern;
  /** Matrices with fewer rows or columns are left alone: they save little; 16 by default. */
  readonly smallest?: number;
}

/** Named tensors that `writeSafetensors` takes as they are. */
export interface QuantizedWeights extends WeightSource, Iterable<readonly [string, StoredTensor]> {}

const floating: readonly StoredDType[] = ['F64', 'F32', 'F16', 'BF16'];

/**
 * Weights with their matrices in 8 bits: each floating tensor of two axes that the options choose becomes I8 of the
 * same name and shape, with its rows' scales (F32 [rows, 1]) beside it under `NAME.scale`; all others stay as they are.
 * Symmetric, one scale for each row (output): the largest error is max|row| / 254.
 * @throws ArgumentError naming each tensor that has NaN or an infinity, or whose scales' name is taken
 */
export function quantize(weights: WeightSource, options: QuantizeOptions = {}): QuantizedWeights {
  const { include, exclude, smallest = 16 } = options;
  const stored = new Map<string, StoredTensor>();
  const problems: string[] = [];
  for (const name of weights.names()) {
    const tensor = weights.get(name)!;
    const chosen =
      tensor.shape.length === 2 &&
      tensor.shape.every((extent) => extent >= smallest) &&
      floating.includes(tensor.dtype) &&
      (!include || matches(include, name)) &&
      !(exclude && matches(exclude, name));
    if (!chosen) {
      stored.set(name, tensor);
      continue;
    }
    const values = toFloat32(tensor);
    const bad = values.find((value) => !Number.isFinite(value));
    if (bad !== undefined) problems.push(`quantize: ${name} must be finite, has ${bad}`);
    else if (weights.get(name + SCALE_SUFFIX)) problems.push(`quantize: ${name}${SCALE_SUFFIX} is taken`);
    else {
      const { integers, scales } = quantiseRows(values, tensor.shape);
      stored.set(name, integers).set(name + SCALE_SUFFIX, scales);
    }
  }
  if (problems.length > 0) throw new ArgumentError(problems.join('\n'));
  return {
    metadata: weights.metadata,
    names: () => [...stored.keys()],
    get: (name) => stored.get(name),
    [Symbol.iterator]: () => stored.entries(),
  };
}

// Not `test`, which a global pattern answers differently each time.
function matches(pattern: NamePattern, name: string): boolean {
  return typeof pattern === 'function' ? pattern(name) : name.search(pattern) >= 0;
}

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
