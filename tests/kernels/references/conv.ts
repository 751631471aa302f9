/** References of convolution's patches and of max pooling for the specs. */
import * as conv from '../../reference/conv.ts';
import { largestIndices } from '../../reference/pool.ts';
import { absolute } from '../bounds.ts';
import type { Views } from './views.ts';

/** The sizes in the order of the kernels' arguments. */
function indicesOf(sizes: ArrayLike<number>): Int32Array {
  const [channels, height, width, kh, kw, sh, sw, ph, pw, dh, dw, outWidth, from, count] = Array.from(
    sizes,
  ) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const window = {
    kernel: [kh, kw],
    stride: [sh, sw],
    padding: [ph, pw],
    dilation: [dh, dw],
  } as const;
  return conv.patchIndices(channels, height, width, window, outWidth, from, count);
}

/** The first of pooling's sizes and its window. */
function largestOf(x: ArrayLike<number>, sizes: ArrayLike<number>): Int32Array {
  const [planes, height, width, kh, kw, sh, sw, ph, pw] = Array.from(sizes) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return largestIndices(x, planes, height, width, { kernel: [kh, kw], stride: [sh, sw], padding: [ph, pw] });
}

export function convReferences({ f32, i32, put, plus }: Views) {
  return {
    /** @param sizes 14 integers, from channels to count */
    im2col(out: number, x: number, size: number, sizes: number, panel: number) {
      const indices = indicesOf(i32(sizes, 14));
      put(out, conv.im2col(f32(x, size), indices, i32(sizes, 14)[13]!, panel));
    },
    col2im(out: number, magnitude: number, before: number, gradPatches: number, size: number, sizes: number) {
      const indices = indicesOf(i32(sizes, 14));
      const gradient = f32(gradPatches, indices.length);
      put(out, plus(f32(before, size), conv.col2im(gradient, indices, size)));
      put(magnitude, plus(absolute(f32(before, size)), conv.col2im(absolute(gradient), indices, size)));
    },
    /** @param sizes 11 integers, from planes to the output's width */
    maxPool(out: number, x: number, size: number, sizes: number) {
      const values = f32(x, size);
      put(
        out,
        Float64Array.from(largestOf(values, i32(sizes, 11)), (i) => values[i]!),
      );
    },
    maxPoolBackward(
      out: number,
      magnitude: number,
      before: number,
      gradY: number,
      x: number,
      size: number,
      sizes: number,
    ) {
      const indices = largestOf(f32(x, size), i32(sizes, 11));
      const gradient = f32(gradY, indices.length);
      put(out, plus(f32(before, size), conv.col2im(gradient, indices, size)));
      put(magnitude, plus(absolute(f32(before, size)), conv.col2im(absolute(gradient), indices, size)));
    },
  };
}
