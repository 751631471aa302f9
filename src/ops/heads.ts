import { record } from '../autograd/tape.ts';
import { expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

/**
 * Rows of heads as they lie in a tensor [batch, capacity, stride]: in each batch item the first `rows` rows, and of
 * each row `width` elements from `from` on.
 */
export interface HeadRows {
  readonly tensor: Tensor;
  readonly batch: number;
  readonly rows: number;
  readonly from: number;
  readonly width: number;
  /** Elements between rows, and between batch items. */
  readonly stride: number;
  readonly batchStride: number;
}

/**
 * Each head by itself.
 * @param heads heads side by side in a row
 * @param copies how often each is repeated: queries of a group share keys and values
 * @returns [batch * heads * copies, rows, width / heads]
 */
export function splitHeads(x: HeadRows, heads: number, copies = 1): Tensor {
  const { tensor, batch, rows, from, stride, batchStride } = x;
  const size = x.width / heads;
  const y = Tensor.empty(tensor.runtime, [batch * heads * copies, rows, size]);
  const visit = (body: (split: number, whole: number) => void): void => {
    for (let i = 0; i < batch * heads * copies; i++) {
      const b = Math.floor(i / (heads * copies));
      const head = Math.floor(i / copies) % heads;
      body(4 * i * rows * size, 4 * (b * batchStride + from + head * size));
    }
  };
  const { kernels } = tensor.runtime;
  visit((split, whole) =>
    kernels.f32_copy_columns(y.pointer + split, tensor.pointer + whole, rows, size, size, stride, 0),
  );
  record([y], [tensor], (tape) => {
    const [gradY, gradX] = [tape.gradient(y).pointer, tape.gradient(tensor).pointer];
    visit((split, whole) =>
      tape.kernels.f32_copy_columns(gradX + whole, gradY + split, rows, size, stride, size, 1),
    );
  });
  return y;
}

/**
 * Heads side by side again.
 * @param x [batch * heads, rows, size]
 * @returns [batch, rows, heads * size]
 * @throws ShapeError
 */
export function mergeHeads(x: Tensor, heads: number): Tensor {
  expectShape('mergeHeads', 'x', x.shape, [null, null, null]);
  const [items, rows, size] = x.shape as readonly [number, number, number];
  const stride = heads * size;
  const y = Tensor.empty(x.runtime, [items / heads, rows, stride]);
  const visit = (body: (split: number, whole: number) => void): void => {
    for (let i = 0; i < items; i++) {
      body(4 * i * rows * size, 4 * (Math.floor(i / heads) * rows * stride + (i % heads) * size));
    }
  };
  const { kernels } = x.runtime;
  visit((split, whole) =>
    kernels.f32_copy_columns(y.pointer + whole, x.pointer + split, rows, size, stride, size, 0),
  );
  record([y], [x], (tape) => {
    const [gradY, gradX] = [tape.gradient(y).pointer, tape.gradient(x).pointer];
    visit((split, whole) =>
      tape.kernels.f32_copy_columns(gradX + split, gradY + whole, rows, size, size, stride, 1),
    );
  });
  return y;
}

/**
 * The mean over the heads.
 * @param weights [batch, heads, queries, keys]
 * @returns [batch, queries, keys]
 * @throws ShapeError
 */
export function meanOverHeads(weights: Tensor): Tensor {
  expectShape('meanOverHeads', 'weights', weights.shape, [null, null, null, null]);
  const [batch, heads, queries, keys] = weights.shape as readonly [number, number, number, number];
  const y = Tensor.zeros(weights.runtime, [batch, queries, keys]);
  const n = queries * keys;
  const visit = (body: (mean: number, head: number) => void): void => {
    for (let i = 0; i < batch * heads; i++) body(4 * Math.floor(i / heads) * n, 4 * i * n);
  };
  const { kernels } = weights.runtime;
  visit((mean, head) => kernels.f32_add_scaled(y.pointer + mean, weights.pointer + head, n, 1 / heads));
  record([y], [weights], (tape) => {
    const [gradY, gradX] = [tape.gradient(y).pointer, tape.gradient(weights).pointer];
    visit((mean, head) => tape.kernels.f32_add_scaled(gradX + head, gradY + mean, n, 1 / heads));
  });
  return y;
}
