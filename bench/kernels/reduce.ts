/** Kernels that read much and write little, and the embedding, which only moves. */
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { absolute } from '../../tests/kernels/bounds.ts';
import { gather } from '../../tests/reference/embedding.ts';
import * as reference from '../../tests/reference/reduce.ts';
import { seededRandom } from '../../tests/support/random.ts';
import type { Case } from '../suite.ts';
import { expectClose } from './verify.ts';

/** What a case gives: a number, or the tensor that it filled. */
type Result = readonly number[] | Tensor;

const [ROWS, COLUMNS] = [512, 768];

export function reduceCases(runtime: Runtime): Case[] {
  const values = seededRandom(ROWS).normals(ROWS * COLUMNS);
  const x = Tensor.from(runtime, values, [ROWS, COLUMNS]);
  const order = Array.from({ length: ROWS }, (_, i) => (i * 37) % ROWS);
  const ids = Tensor.from(runtime, order, [ROWS], 'i32');
  const table = Tensor.empty(runtime, [ROWS, COLUMNS]);
  const row = Tensor.empty(runtime, [COLUMNS]);
  const found = Tensor.empty(runtime, [ROWS], 'i32');
  const { kernels } = runtime;
  const read = 4 * x.size;
  const total = reference.sum(absolute(values));
  const cases: [string, () => Result, () => ArrayLike<number>, ArrayLike<number> | number, number][] = [
    ['sum', () => [kernels.f32_sum(x.pointer, x.size)], () => [reference.sum(values)], x.size * total, 4],
    [
      'sum of squares',
      () => [kernels.f32_sum_squares(x.pointer, x.size)],
      () => [reference.sumSquares(values)],
      x.size * reference.sumSquares(values),
      4,
    ],
    [
      'sum of rows',
      () => {
        kernels.f32_fill(row.pointer, row.size, 0);
        kernels.f32_sum_rows(row.pointer, x.pointer, ROWS, COLUMNS);
        return row;
      },
      () => reference.sumRows(values, ROWS, COLUMNS),
      reference.sumRows(absolute(values), ROWS, COLUMNS).map((each) => ROWS * each),
      4 * COLUMNS,
    ],
    [
      'argmax',
      () => {
        kernels.f32_argmax(found.pointer, x.pointer, ROWS, COLUMNS);
        return found;
      },
      () => reference.argmax(values, ROWS, COLUMNS),
      0,
      4 * ROWS,
    ],
    [
      'gather',
      () => {
        kernels.f32_gather(table.pointer, x.pointer, ids.pointer, ROWS, COLUMNS);
        return table;
      },
      () => gather(values, order, COLUMNS),
      0,
      4 * x.size,
    ],
  ];
  return cases.map(([kind, run, expected, error, written]) => ({
    name: `${kind} ${ROWS} x ${COLUMNS}`,
    verify() {
      const actual = run();
      expectClose(kind, actual instanceof Tensor ? actual.toArray() : actual, expected(), error);
    },
    run: () => void run(),
    work: { bytes: { read, written } },
  }));
}
