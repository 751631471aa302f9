import { record } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { expectShape } from '../tensor/shape.ts';
import { expectDType, Tensor } from '../tensor/tensor.ts';
import { expectFloats } from './operands.ts';

/**
 * Looks rows up.
 * @param table [count, size] f32
 * @param ids [...] i32, each in [0, count)
 * @param paddingId a row that gets no gradient
 * @returns [..., size]
 * @throws ShapeError, DTypeError; ArgumentError for an id outside the table
 */
export function embedding(table: Tensor, ids: Tensor, paddingId?: number): Tensor {
  expectShape('embedding', 'table', table.shape, [null, null]);
  expectDType('embedding', 'ids', ids, 'i32', table.runtime);
  const [count, size] = table.shape as readonly [number, number];
  expectFloats('embedding', { table });
  checkIds('embedding', ids, count);
  if (paddingId !== undefined && !(Number.isInteger(paddingId) && paddingId >= 0 && paddingId < count)) {
    throw new ArgumentError(`embedding: paddingId must lie in 0..${count - 1}, got ${paddingId}`);
  }
  const y = Tensor.empty(table.runtime, [...ids.shape, size]);
  table.runtime.kernels.f32_gather(y.pointer, table.pointer, ids.pointer, ids.size, size);
  record([y], [table], (tape) => {
    const gradient = tape.gradient(table);
    // The padding's row keeps what other ops have added to it.
    const padding = paddingId === undefined ? undefined : gradient.at(paddingId);
    const kept = padding?.toFloat32Array();
    tape.kernels.f32_scatter_add(gradient.pointer, tape.gradient(y).pointer, ids.pointer, ids.size, size);
    if (kept) padding!.set(kept);
  });
  return y;
}

/** @throws ArgumentError naming the first id outside [0, count), `ignored` aside */
export function checkIds(where: string, ids: Tensor, count: number, ignored?: number): void {
  const values = ids.toArray();
  for (let i = 0; i < values.length; i++) {
    const id = values[i]!;
    if ((id < 0 || id >= count) && id !== ignored) {
      throw new ArgumentError(`${where}: ids must lie in 0..${count - 1}, got ${id} at index ${i}`);
    }
  }
}
