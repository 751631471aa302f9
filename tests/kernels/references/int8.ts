/** References of the kernels with 8-bit weights for the specs. */
import * as lstm from '../../reference/lstm.ts';
import { dequantise, matmulTransposed, stepOf7Bits, stepOf16Bits } from '../../reference/matmulInt8.ts';
import { lstmSequenceError, quantisedError, stateErrorOf16Bits } from '../bounds.ts';
import type { Views } from './views.ts';

export function int8References({ i8, f32, f32Or, i32Or, put, dense }: Views) {
  return {
    matmulInt8(
      out: number,
      error: number,
      a: number,
      integers: number,
      scales: number,
      bias: number,
      before: number,
      M: number,
      N: number,
      K: number,
      aStride: number,
      integerStride: number,
      bits: number,
    ) {
      const A = Float64Array.from(dense(a, M, K, aStride));
      const W = dequantise(i8(integers, N, K, integerStride), f32(scales, N), N, K);
      const biases = f32Or(bias, N);
      const start = f32Or(before, M * N);
      const none = new Float64Array(0);
      put(out, matmulTransposed(A, W, biases, start, M, N, K));
      const startOrZero = matmulTransposed(none, none, biases, start, M, N, 0);
      put(error, quantisedError(A, W, startOrZero, [M, N, K], bits === 7 ? stepOf7Bits : stepOf16Bits));
    },
    lstmSequenceInt8(
      outOutput: number,
      outHidden: number,
      outCell: number,
      errorOutput: number,
      errorHidden: number,
      errorCell: number,
      projections: number,
      integers: number,
      scales: number,
      hiddenState: number,
      cellState: number,
      lengths: number,
      batch: number,
      time: number,
      hidden: number,
      reverse: number,
    ) {
      const shape = { batch, time, hidden, reverse: reverse !== 0, lengths: i32Or(lengths, batch) };
      const inputs = f32(projections, batch * time * 4 * hidden);
      const weight = dequantise(
        i8(integers, 4 * hidden, hidden, hidden),
        f32(scales, 4 * hidden),
        4 * hidden,
        hidden,
      );
      const run = lstm.lstmSequence(
        inputs,
        weight,
        f32(hiddenState, batch * hidden),
        f32(cellState, batch * hidden),
        shape,
      );
      put(outOutput, run.output);
      put(outHidden, run.finalHidden);
      put(outCell, run.finalCell);
      const most = lstmSequenceError(
        inputs,
        weight,
        run.activations,
        run.savedHidden,
        run.savedCell,
        shape,
        stateErrorOf16Bits,
      );
      put(errorOutput, most.output);
      put(errorHidden, most.finalHidden);
      put(errorCell, most.finalCell);
    },
  };
}
