/** References of assembly/kernels/conv.ts and assembly/gradients/conv.ts, and of a whole convolution. Double precision. */

/** What a kernel's window does; pairs are [height, width]. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
}

/** Places of a window on both axes. */
export function places(height: number, width: number, window: Window): [number, number] {
  const on = (size: number, axis: 0 | 1) =>
    Math.floor(
      (size + 2 * window.padding[axis] - window.dilation[axis] * (window.kernel[axis] - 1) - 1) /
        window.stride[axis],
    ) + 1;
  return [on(height, 0), on(width, 1)];
}

/**
 * For each element (c, i, j) of a patch and each of `count` positions: the index in an image [channels, height, width], or
 * -1 outside. [channels * kernel, count]
 */
export function patchIndices(
  channels: number,
  height: number,
  width: number,
  window: Window,
  outWidth: number,
  from: number,
  count: number,
): Int32Array {
  const { kernel, stride, padding, dilation } = window;
  const indices: number[] = [];
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < kernel[0]; i++) {
      for (let j = 0; j < kernel[1]; j++) {
        for (let position = from; position < from + count; position++) {
          const row = Math.floor(position / outWidth) * stride[0] - padding[0] + i * dilation[0];
          const column = (position % outWidth) * stride[1] - padding[1] + j * dilation[1];
          const inside = row >= 0 && row < height && column >= 0 && column < width;
          indices.push(inside ? (c * height + row) * width + column : -1);
        }
      }
    }
  }
  return Int32Array.from(indices);
}

/** The matrix of patches [depth, count] in panels of `panel` columns, zeros past `count`. */
export function im2col(
  x: ArrayLike<number>,
  indices: ArrayLike<number>,
  count: number,
  panel: number,
): Float64Array {
  const depth = count === 0 ? 0 : indices.length / count;
  const out = new Float64Array(count === 0 ? 0 : Math.ceil(count / panel) * panel * depth);
  for (let k = 0; k < depth; k++) {
    for (let p = 0; p < count; p++) {
      const index = indices[k * count + p]!;
      out[(Math.floor(p / panel) * depth + k) * panel + (p % panel)] = index < 0 ? 0 : x[index]!;
    }
  }
  return out;
}

/** The image's gradient [size]: each patch element's is added where it came from. */
export function col2im(
  gradPatches: ArrayLike<number>,
  indices: ArrayLike<number>,
  size: number,
): Float64Array {
  const out = new Float64Array(size);
  for (let i = 0; i < indices.length; i++) if (indices[i]! >= 0) out[indices[i]!]! += gradPatches[i]!;
  return out;
}

/** y [batch, outputs, places...] of x [batch, channels, height, width] and weight [outputs, channels / groups, kernel...]. */
export function conv(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  [batch, channels, height, width]: readonly [number, number, number, number],
  outputs: number,
  groups: number,
  window: Window,
): Float64Array {
  const [outHeight, outWidth] = places(height, width, window);
  const [kernelHeight, kernelWidth] = window.kernel;
  const [inner, outer] = [channels / groups, outputs / groups];
  const y: number[] = [];
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outputs; o++) {
      for (let r = 0; r < outHeight; r++) {
        for (let s = 0; s < outWidth; s++) {
          let sum = bias ? bias[o]! : 0;
          for (let c = 0; c < inner; c++) {
            const channel = Math.floor(o / outer) * inner + c;
            for (let i = 0; i < kernelHeight; i++) {
              for (let j = 0; j < kernelWidth; j++) {
                const row = r * window.stride[0] - window.padding[0] + i * window.dilation[0];
                const column = s * window.stride[1] - window.padding[1] + j * window.dilation[1];
                if (row < 0 || row >= height || column < 0 || column >= width) continue;
                sum +=
                  weight[((o * inner + c) * kernelHeight + i) * kernelWidth + j]! *
                  x[((n * channels + channel) * height + row) * width + column]!;
              }
            }
          }
          y.push(sum);
        }
      }
    }
  }
  return Float64Array.from(y);
}
