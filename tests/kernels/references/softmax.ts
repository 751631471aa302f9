/** References of softmax for the specs. */
import * as softmax from '../../reference/softmax.ts';
import * as bounds from '../bounds.ts';
import { rowSums, type Views } from './views.ts';

export function softmaxReferences({ f32, f32Or, i32Or, put, plus }: Views) {
  return {
    softmax(
      out: number,
      magnitude: number,
      x: number,
      mask: number,
      lengths: number,
      rows: number,
      columns: number,
      maskRows: number,
      rowsPerLength: number,
      log: number,
    ) {
      const values = f32(x, rows * columns);
      const masks = f32Or(mask, maskRows * columns);
      const lens = i32Or(lengths, Math.ceil(rows / rowsPerLength));
      const reference = log ? softmax.logSoftmax : softmax.softmax;
      put(out, reference(values, masks, lens, rows, columns, maskRows, rowsPerLength));
      put(
        magnitude,
        bounds.softmaxError(values, masks, lens, rows, columns, maskRows, rowsPerLength, log !== 0),
      );
    },
    softmaxBackward(
      out: number,
      magnitude: number,
      before: number,
      gradY: number,
      y: number,
      rows: number,
      columns: number,
    ) {
      const n = rows * columns;
      const dy = f32(gradY, n);
      const weights = f32(y, n);
      put(out, plus(f32(before, n), softmax.softmaxBackward(dy, weights, rows, columns)));
      const total = rowSums(
        dy.map((v, i) => v * weights[i]!),
        columns,
      );
      put(
        magnitude,
        Float64Array.from(
          dy,
          (v, i) => Math.abs(weights[i]!) * (Math.abs(v) + total(i)) + Math.abs(f32(before, n)[i]!),
        ),
      );
    },
    logSoftmaxBackward(
      out: number,
      magnitude: number,
      before: number,
      gradY: number,
      y: number,
      rows: number,
      columns: number,
    ) {
      const n = rows * columns;
      const dy = f32(gradY, n);
      put(out, plus(f32(before, n), softmax.logSoftmaxBackward(dy, f32(y, n), rows, columns)));
      const total = rowSums(dy, columns);
      put(
        magnitude,
        Float64Array.from(
          dy,
          (v, i) => Math.abs(v) + Math.exp(f32(y, n)[i]!) * total(i) + Math.abs(f32(before, n)[i]!),
        ),
      );
    },
  };
}
