/** Sequences of ids, of any lengths, as one padded rectangle: what models read. */
import { DTypeError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Tensor } from '../tensor/tensor.ts';

/** Rows of ids as one rectangle, filled up with `padding`. @throws DTypeError for an id that is not a whole number of 32 bits */
export function padRows(
  rows: readonly (readonly number[])[],
  padding: number,
): { ids: Int32Array; lengths: Int32Array } {
  rows.forEach((row, i) => {
    const wrong = row.findIndex((id) => (id | 0) !== id);
    if (wrong >= 0) {
      throw new DTypeError(
        `padRows: ids must be whole numbers of 32 bits, got ${row[wrong]} at index ${wrong} of row ${i}`,
      );
    }
  });
  const lengths = Int32Array.from(rows, (row) => row.length);
  const columns = lengths.reduce((a, b) => Math.max(a, b), 0);
  const ids = new Int32Array(rows.length * columns).fill(padding);
  rows.forEach((row, i) => {
    ids.set(row, i * columns);
  });
  return { ids, lengths };
}

/** Rows of ids as tensors: ids i32 [rows, longest], filled up with `padding`, and lengths i32 [rows]. */
export function idRows(
  runtime: Runtime,
  rows: readonly (readonly number[])[],
  padding: number,
): { ids: Tensor; lengths: Tensor } {
  const { ids, lengths } = padRows(rows, padding);
  const columns = ids.length / Math.max(1, rows.length);
  return {
    ids: Tensor.from(runtime, ids, [rows.length, columns], 'i32'),
    lengths: Tensor.from(runtime, lengths, [rows.length], 'i32'),
  };
}

/** The same with time first: i32 [longest, rows]. @throws DTypeError for an id that is not a whole number of 32 bits */
export function idColumns(runtime: Runtime, rows: readonly (readonly number[])[], padding: number): Tensor {
  const { ids } = padRows(rows, padding);
  const count = rows.length;
  const time = ids.length / Math.max(1, count);
  const turned = ids.map((_, i) => ids[(i % count) * time + Math.floor(i / count)]!);
  return Tensor.from(runtime, turned, [time, count], 'i32');
}
