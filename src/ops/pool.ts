import { record } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expectFloats } from './operands.ts';
import { type Extent2d, pairOf, placesOf } from './window.ts';

/** How the window moves; PyTorch's names and defaults. */
export interface PoolOptions<Extent = Extent2d> {
  /** The window's size by default. */
  readonly stride?: Extent;
  /** Places that hold nothing on either side, at most half the window; 0 by default. */
  readonly padding?: Extent;
}

/**
 * The largest of each window. What does not fill a window at the end is left out; NaN in a window gives NaN. Backward,
 * the gradient goes to the largest, the first of equals.
 * @param x [batch, channels, height, width]
 * @param kernel the window
 * @returns [batch, channels, height', width'] with size' = floor((size + 2 padding - kernel) / stride) + 1
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function maxPool2d(x: Tensor, kernel: Extent2d, options: PoolOptions = {}): Tensor {
  return pool('maxPool2d', x, kernel, options);
}

/**
 * `maxPool2d` along one axis.
 * @param x [batch, channels, length]
 * @returns [batch, channels, length']
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function maxPool1d(x: Tensor, kernel: number, options: PoolOptions<number> = {}): Tensor {
  expectShape('maxPool1d', 'x', x.shape, [null, null, null]);
  const [batch, channels, length] = x.shape as readonly [number, number, number];
  const { stride = kernel, padding = 0 } = options;
  const y = pool('maxPool1d', x.reshape([batch, channels, 1, length]), [1, kernel], {
    stride: [1, stride],
    padding: [0, padding],
  });
  return y.reshape([batch, channels, y.shape[3]!]);
}

function pool(where: string, x: Tensor, kernel: Extent2d, options: PoolOptions): Tensor {
  expectShape(where, 'x', x.shape, [null, null, null, null]);
  expectFloats(where, { x });
  const window = pairOf(where, 'kernel', kernel, 1);
  const strides = pairOf(where, 'stride', options.stride ?? kernel, 1);
  const paddings = pairOf(where, 'padding', options.padding ?? 0, 0);
  if (2 * paddings[0] > window[0] || 2 * paddings[1] > window[1]) {
    throw new ArgumentError(
      `${where}: padding must be at most half of the window [${window}], got [${paddings}]`,
    );
  }
  const [batch, channels, height, width] = x.shape as readonly [number, number, number, number];
  const outHeight = placesOf(where, height, window[0], strides[0], paddings[0]);
  const outWidth = placesOf(where, width, window[1], strides[1], paddings[1]);
  const sizes = [
    batch * channels,
    height,
    width,
    ...window,
    ...strides,
    ...paddings,
    outHeight,
    outWidth,
  ] as const;
  const from = x.pointer;
  const y = Tensor.empty(x.runtime, [batch, channels, outHeight, outWidth]);
  x.runtime.kernels.f32_max_pool(y.pointer, from, ...sizes);
  record([y], [x], (tape) => {
    const [gradX, gradY] = [tape.gradient(x).pointer, tape.gradient(y).pointer];
    tape.kernels.f32_max_pool_backward(gradX, gradY, x.pointer, ...sizes);
  });
  return y;
}
