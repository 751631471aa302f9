/** Masks of attention: boolean and additive, and what the kernels and the softmax take of them. */
import { ArgumentError, ShapeError } from '../errors.ts';
import { describe } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

/**
 * A mask as values that are added to scores: i32, where 1 may be seen and 0 may not, becomes f32 of 0 and -inf; f32 stays
 * as it is. `attention` does this itself: a stack of layers that shares a mask does it once.
 * @param mask [...]
 * @returns [...]
 * @throws ArgumentError for another integer than 0 and 1
 */
export function additiveMask(mask: Tensor): Tensor {
  if (mask.dtype === 'f32') return mask;
  const values = mask.toArray();
  const wrong = values.findIndex((value) => value !== 0 && value !== 1);
  if (wrong >= 0) {
    throw new ArgumentError(
      `attention: an i32 mask holds 1 (may be seen) and 0, got ${values[wrong]} at index ${wrong}`,
    );
  }
  return Tensor.from(
    mask.runtime,
    Float32Array.from(values, (value) => (value ? 0 : -Infinity)),
    mask.shape,
  );
}

/** Sizes that a mask is laid over. */
interface MaskExtents {
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  /** Keys that query 0 sees; each further query sees one more. */
  readonly firstVisible: number;
  readonly mask: Tensor | undefined;
  readonly maskStrides: readonly [number, number, number];
}

/** Mask and causality as one additive mask: [queries, keys] where it is the same for all heads, else of all axes. */
export function maskValues(extents: MaskExtents): [Float32Array, number[]] {
  const { batch, heads, queries, keys, firstVisible, mask, maskStrides } = extents;
  const [batchStride, headStride, queryStride] = maskStrides;
  const items = batchStride || headStride ? [batch, heads] : [1, 1];
  const given = mask?.toFloat32Array();
  const values = new Float32Array(items[0]! * items[1]! * queries * keys);
  let at = 0;
  for (let b = 0; b < items[0]!; b++) {
    for (let head = 0; head < items[1]!; head++) {
      for (let i = 0; i < queries; i++) {
        for (let j = 0; j < keys; j++) {
          const added = given ? given[b * batchStride + head * headStride + i * queryStride + j]! : 0;
          values[at++] = j < firstVisible + i ? added : -Infinity;
        }
      }
    }
  }
  const shape = batchStride || headStride ? [batch, heads, queries, keys] : [queries, keys];
  return [values, shape];
}

/**
 * Elements between batch items, heads and queries of a mask; 0 where it repeats.
 * @param full [batch, heads, queries, keys]
 * @throws ShapeError
 */
export function maskStridesOf(mask: Tensor | undefined, full: readonly number[]): [number, number, number] {
  if (!mask) return [0, 0, 0];
  const { shape } = mask;
  const padded = [...new Array<number>(Math.max(0, 4 - shape.length)).fill(1), ...shape];
  const fits = padded.every((extent, axis) => extent === full[axis] || (extent === 1 && axis < 3));
  if (shape.length === 0 || shape.length > 4 || !fits) {
    throw new ShapeError(
      `attention: mask ${describe(shape)} must be the last axes of [batch, heads, queries, keys] ${describe(full)}, or 1`,
    );
  }
  const [batch, heads, queries, keys] = padded as [number, number, number, number];
  return [
    batch === 1 ? 0 : heads * queries * keys,
    heads === 1 ? 0 : queries * keys,
    queries === 1 ? 0 : keys,
  ];
}
