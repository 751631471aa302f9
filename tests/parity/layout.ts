/** Values in another order of axes: what a caller does whose data lie otherwise than heed wants them. */

/**
 * @param values of shape `shape`
 * @param order the axis of the result at i is the axis order[i] of the values
 */
export function permuted<Values extends Float32Array | Float64Array | Int32Array>(
  values: Values,
  shape: readonly number[],
  order: readonly number[],
): Values {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const extents = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  return values.map((_, i) => {
    let rest = i;
    let from = 0;
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      from += (rest % extents[axis]!) * steps[axis]!;
      rest = Math.floor(rest / extents[axis]!);
    }
    return values[from]!;
  }) as Values;
}

/** The order that takes `axis` to the end. */
export function lastOrder(axes: number, axis: number): number[] {
  const others = Array.from({ length: axes }, (_, i) => i).filter((i) => i !== axis);
  return [...others, axis];
}

/** The order that undoes another. */
export function inverse(order: readonly number[]): number[] {
  return order.map((_, axis) => order.indexOf(axis));
}

/** Values repeated along axes of extent 1, or that are missing in front, to another shape (ONNX's and numpy's rule). */
export function broadcast(
  values: Float32Array,
  shape: readonly number[],
  to: readonly number[],
): Float32Array {
  const padded = [...new Array<number>(to.length - shape.length).fill(1), ...shape];
  const strides = padded.map((extent, axis) =>
    extent === 1 ? 0 : padded.slice(axis + 1).reduce((a, b) => a * b, 1),
  );
  const result = new Float32Array(to.reduce((a, b) => a * b, 1));
  return result.map((_, i) => {
    let rest = i;
    let from = 0;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += (rest % to[axis]!) * strides[axis]!;
      rest = Math.floor(rest / to[axis]!);
    }
    return values[from]!;
  });
}
