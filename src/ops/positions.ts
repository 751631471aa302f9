import { record } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expectFloats } from './operands.ts';

/** @throws ArgumentError when positions [offset, offset + time) are not within a table of `count` */
export function checkPositions(where: string, offset: number, time: number, count: number): void {
  if (Number.isInteger(offset) && offset >= 0 && offset + time <= count) return;
  throw new ArgumentError(
    `${where}: positions must lie in 0..${count - 1}, got ${time} of them from ${offset} on`,
  );
}

/**
 * y[b, t] = x[b, t] + table[offset + t]: positions, the same for each row, or with an offset for each row.
 * @param x [batch, time, size]
 * @param table [positions, size]
 * @param offset the position of the first, or of each row's first; 0 by default
 * @returns [batch, time, size]
 * @throws ShapeError, DTypeError; ArgumentError for more positions than the table has
 */
export function addPositions(x: Tensor, table: Tensor, offset: number | readonly number[] = 0): Tensor {
  expectShape('addPositions', 'x', x.shape, [null, null, null]);
  const [batch, time, size] = x.shape as readonly [number, number, number];
  expectShape('addPositions', 'table', table.shape, [null, size]);
  expectFloats('addPositions', { x, table });
  const offsets = typeof offset === 'number' ? new Array<number>(batch).fill(offset) : offset;
  expectShape('addPositions', 'offset', [offsets.length], [batch]);
  for (const first of typeof offset === 'number' ? [offset] : offset) {
    checkPositions('addPositions', first, time, table.shape[0]!);
  }
  const n = time * size;
  const y = Tensor.empty(x.runtime, x.shape);
  for (let b = 0; b < batch; b++) {
    const at = 4 * b * n;
    x.runtime.kernels.f32_add(y.pointer + at, x.pointer + at, table.pointer + 4 * offsets[b]! * size, n);
  }
  record([y], [x, table], (tape) => {
    const gradY = tape.gradient(y).pointer;
    if (tape.needs(x)) tape.kernels.f32_add_scaled(tape.gradient(x).pointer, gradY, y.size, 1);
    if (!tape.needs(table)) return;
    const gradTable = tape.gradient(table).pointer;
    if (typeof offset === 'number') {
      tape.kernels.f32_sum_rows(gradTable + 4 * offset * size, gradY, batch, n);
      return;
    }
    offset.forEach((first, b) => {
      tape.kernels.f32_add_scaled(gradTable + 4 * first * size, gradY + 4 * b * n, n, 1);
    });
  });
  return y;
}
