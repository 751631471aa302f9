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
 * y[b, t] = x[b, t] + table[offset + t]: positions, the same for each row.
 * @param x [batch, time, size]
 * @param table [positions, size]
 * @param offset the position of the first; 0 by default
 * @returns [batch, time, size]
 * @throws ShapeError, DTypeError; ArgumentError for more positions than the table has
 */
export function addPositions(x: Tensor, table: Tensor, offset = 0): Tensor {
  expectShape('addPositions', 'x', x.shape, [null, null, null]);
  const [batch, time, size] = x.shape as readonly [number, number, number];
  expectShape('addPositions', 'table', table.shape, [null, size]);
  expectFloats('addPositions', { x, table });
  checkPositions('addPositions', offset, time, table.shape[0]!);
  const n = time * size;
  const rows = table.slice(offset, offset + time);
  const y = Tensor.empty(x.runtime, x.shape);
  for (let b = 0; b < batch; b++) {
    const at = 4 * b * n;
    x.runtime.kernels.f32_add(y.pointer + at, x.pointer + at, rows.pointer, n);
  }
  record([y], [x, table], (tape) => {
    const gradY = tape.gradient(y).pointer;
    if (tape.needs(x)) tape.kernels.f32_add_scaled(tape.gradient(x).pointer, gradY, y.size, 1);
    if (!tape.needs(table)) return;
    const gradRows = tape.gradient(rows).pointer;
    tape.kernels.f32_sum_rows(gradRows, gradY, batch, n);
  });
  return y;
}
