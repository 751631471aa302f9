import { record } from '../autograd/tape.ts';
import { ShapeError } from '../errors.ts';
import { describe, sizeOf } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expectFloats } from './operands.ts';

/**
 * Joins tensors along the last axis.
 * @param parts [..., n_i], equal in the leading axes
 * @returns [..., sum of n_i]
 * @throws ShapeError
 */
export function concatenate(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (!first) throw new ShapeError('concatenate: needs at least one tensor');
  if (first.shape.length === 0) throw new ShapeError('concatenate: a scalar has no axis to join');
  expectFloats('concatenate', Object.fromEntries(parts.map((part, i) => [`part ${i}`, part])));
  const leading = first.shape.slice(0, -1);
  for (const part of parts) {
    if (part.shape.length !== first.shape.length || leading.some((extent, i) => extent !== part.shape[i])) {
      throw new ShapeError(
        `concatenate: leading axes differ: the first is ${describe(first.shape)}, another ${describe(part.shape)}`,
      );
    }
  }
  const widths = parts.map((part) => part.shape.at(-1)!);
  const width = widths.reduce((a, b) => a + b, 0);
  const rows = sizeOf(leading);
  const y = Tensor.empty(first.runtime, [...leading, width]);
  const offsets: number[] = [];
  let offset = 0;
  parts.forEach((part, i) => {
    offsets.push(offset);
    first.runtime.kernels.f32_copy_columns(
      y.pointer + offset,
      part.pointer,
      rows,
      widths[i]!,
      width,
      widths[i]!,
      0,
    );
    offset += 4 * widths[i]!;
  });
  record([y], parts, (tape) => {
    parts.forEach((part, i) => {
      if (!tape.needs(part)) return;
      const gradient = tape.gradient(part).pointer;
      tape.kernels.f32_copy_columns(
        gradient,
        tape.gradient(y).pointer + offsets[i]!,
        rows,
        widths[i]!,
        widths[i]!,
        width,
        1,
      );
    });
  });
  return y;
}

/**
 * Lays tensors of one shape along a new first axis.
 * @returns [count, ...shape]
 * @throws ShapeError
 */
export function stack(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (!first) throw new ShapeError('stack: needs at least one tensor');
  expectFloats('stack', Object.fromEntries(parts.map((part, i) => [`part ${i}`, part])));
  for (const part of parts) {
    if (describe(part.shape) !== describe(first.shape)) {
      throw new ShapeError(
        `stack: shapes differ: the first is ${describe(first.shape)}, another ${describe(part.shape)}`,
      );
    }
  }
  const y = Tensor.empty(first.runtime, [parts.length, ...first.shape]);
  const { size } = first;
  parts.forEach((part, i) => {
    first.runtime.kernels.f32_scale(y.pointer + 4 * i * size, part.pointer, size, 1);
  });
  record([y], parts, (tape) => {
    parts.forEach((part, i) => {
      if (!tape.needs(part)) return;
      tape.kernels.f32_add_scaled(
        tape.gradient(part).pointer,
        tape.gradient(y).pointer + 4 * i * size,
        size,
        1,
      );
    });
  });
  return y;
}
