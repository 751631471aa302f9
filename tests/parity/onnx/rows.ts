/** Attention's operands, [batch, heads, rows, size] or [batch, rows, heads * size], as heed's: heads side by side. */
import { Tensor } from '../../../src/tensor/tensor.ts';
import type { Fixture } from '../fixture.ts';
import { permuted } from '../layout.ts';

/** Values of shape [batch, rows, heads * size]. */
export interface Rows {
  readonly batch: number;
  readonly rows: number;
  readonly heads: number;
  readonly size: number;
  readonly values: Float32Array;
}

/** @param heads of an operand of three axes */
export function rowsOf(fixture: Fixture, name: string, heads?: number): Rows {
  const shape = fixture.shape(name);
  const values = fixture.floats(name);
  if (shape.length === 3) {
    const [batch, rows, width] = shape as [number, number, number];
    return { batch, rows, heads: heads!, size: width / heads!, values };
  }
  const [batch, count, rows, size] = shape as [number, number, number, number];
  return { batch, rows, heads: count, size, values: permuted(values, shape, [0, 2, 1, 3]) };
}

export function toTensor(fixture: Fixture, { batch, rows, heads, size, values }: Rows): Tensor {
  return Tensor.from(fixture.runtime, values, [batch, rows, heads * size]);
}

/** heed's rows in the layout of the output `name`. */
export function inLayoutOf(
  fixture: Fixture,
  name: string,
  values: Float32Array,
  heads: number,
): Float32Array {
  const shape = fixture.shape(name);
  if (shape.length === 3) return values;
  const [batch, , rows, size] = shape as [number, number, number, number];
  return permuted(values, [batch, rows, heads, size], [0, 2, 1, 3]);
}
