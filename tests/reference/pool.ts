/** References of assembly/kernels/pool.ts and assembly/gradients/pool.ts. */

/** A window's extents, its steps, and the empty places around; each [height, width]. */
export interface PoolWindow {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
}

/** Places of the window on both axes. */
export function poolPlaces(height: number, width: number, window: PoolWindow): [number, number] {
  const on = (size: number, axis: 0 | 1) =>
    Math.floor((size + 2 * window.padding[axis] - window.kernel[axis]) / window.stride[axis]) + 1;
  return [on(height, 0), on(width, 1)];
}

/** The index of each window's largest in x [planes, height, width]: the last NaN, or else the first of the largest. */
export function largestIndices(
  x: ArrayLike<number>,
  planes: number,
  height: number,
  width: number,
  window: PoolWindow,
): Int32Array {
  const { kernel, stride, padding } = window;
  const [outHeight, outWidth] = poolPlaces(height, width, window);
  const out: number[] = [];
  for (let plane = 0; plane < planes; plane++) {
    for (let r = 0; r < outHeight; r++) {
      for (let s = 0; s < outWidth; s++) {
        const places: number[] = [];
        for (let i = 0; i < kernel[0]; i++) {
          for (let j = 0; j < kernel[1]; j++) {
            const [row, column] = [r * stride[0] - padding[0] + i, s * stride[1] - padding[1] + j];
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            places.push((plane * height + row) * width + column);
          }
        }
        const notNumbers = places.filter((place) => Number.isNaN(x[place]!));
        const largest = Math.max(...places.map((place) => x[place]!));
        out.push(notNumbers.at(-1) ?? places.find((place) => x[place]! === largest)!);
      }
    }
  }
  return Int32Array.from(out);
}
