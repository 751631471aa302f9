/** References of reductions for the specs. */
import * as reduce from '../../reference/reduce.ts';
import { absolute } from '../bounds.ts';
import type { Views } from './views.ts';

export function reduceReferences({ f32, put, plus }: Views) {
  return {
    sum: (x: number, n: number) => reduce.sum(f32(x, n)),
    sumAbsolute: (x: number, n: number) => reduce.sum(absolute(f32(x, n))),
    sumSquares: (x: number, n: number) => reduce.sumSquares(f32(x, n)),
    sumRows(out: number, magnitude: number, before: number, x: number, rows: number, columns: number) {
      const values = f32(x, rows * columns);
      put(out, plus(f32(before, columns), reduce.sumRows(values, rows, columns)));
      put(magnitude, plus(absolute(f32(before, columns)), reduce.sumRows(absolute(values), rows, columns)));
    },
    argmax: (out: number, x: number, rows: number, columns: number) =>
      put(out, reduce.argmax(f32(x, rows * columns), rows, columns)),
  };
}
