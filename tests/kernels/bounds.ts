/**
 * What the errors of the kernels may be proportional to, element by element: the reference in absolute values (each
 * subtraction an addition), or a first-order propagation of rounding errors. All in units of EPSILON.
 */

import type { LstmSequence } from '../reference/lstm.ts';
import { stepsOf } from '../reference/lstm.ts';
import { stepOf16Bits } from '../reference/matmulInt8.ts';
import { maskedRow, softmaxRow } from '../reference/softmax.ts';

/** The unit roundoff of a float: half the distance from 1 to the next. */
export const EPSILON = 2 ** -24;
/** Largest relative errors that assembly/math states, in units of EPSILON. */
/** Of exp alone; softmax and attention go by 2^x. */
export const EXP_ERROR = 1.0e-7 / EPSILON;
export const EXP2_ERROR = 2.2e-7 / EPSILON;
export const SIGMOID_ERROR = 1.6e-7 / EPSILON;
export const TANH_ERROR = 4.5e-7 / EPSILON;

export const absolute = (x: ArrayLike<number>): Float64Array => Float64Array.from(x, Math.abs);

/**
 * Softmax: relative error of exp, plus what rounding x + mask and x - max does to its argument, plus that of the sum.
 * Returns the error of each weight, or of each log-weight.
 */
export function softmaxError(
  x: ArrayLike<number>,
  mask: ArrayLike<number> | null,
  lengths: ArrayLike<number> | null,
  rows: number,
  columns: number,
  maskRows: number,
  rowsPerLength: number,
  log: boolean,
): Float64Array {
  const error = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const seen = maskedRow(x, mask, lengths, r, columns, maskRows, rowsPerLength);
    const y = softmaxRow(seen);
    const largest = seen.reduce((a, b) => Math.max(a, b), -Infinity);
    const argument = seen.map((v) => {
      if (!Number.isFinite(v) || !Number.isFinite(largest)) return 0;
      // x - max rounds, its product with log2(e) rounds, and log2(e) itself is off by 0.22 eps.
      return 2.25 * (largest - v) + (mask ? Math.abs(v) + Math.abs(largest) : 0);
    });
    const average = y.reduce((sum, v, j) => sum + (v > 0 ? v * argument[j]! : 0), 0);
    const total = average + EXP2_ERROR + columns / 4 + 4;
    for (let j = 0; j < columns; j++) {
      const own = argument[j]! + 2;
      const logY = Math.abs(Math.log(y[j]!));
      error[r * columns + j] = log
        ? own + total + 2 * (Number.isFinite(logY) ? logY : largest - seen[j]!)
        : y[j]! * (own + EXP2_ERROR + total);
      if (!Number.isFinite(error[r * columns + j]!)) error[r * columns + j] = 0;
    }
  }
  return error;
}

/**
 * The LSTM over time: each step's rounding, and the previous step's error carried through its slopes. `stateError`: how
 * far off the hidden state is when it is multiplied, besides.
 */
export function lstmSequenceError(
  projections: ArrayLike<number>,
  weight: ArrayLike<number>,
  activations: ArrayLike<number>,
  savedHidden: ArrayLike<number>,
  savedCell: ArrayLike<number>,
  shape: LstmSequence,
  stateError: (state: Float64Array) => number = () => 0,
) {
  const { batch, time, hidden } = shape;
  const output = new Float64Array(batch * time * hidden);
  const gates = new Float64Array(batch * time * 4 * hidden);
  const before = {
    hidden: new Float64Array(batch * time * hidden),
    cell: new Float64Array(batch * time * hidden),
  };
  const finalHidden = new Float64Array(batch * hidden);
  const finalCell = new Float64Array(batch * hidden);
  for (let b = 0; b < batch; b++) {
    const hiddenError = finalHidden.subarray(b * hidden, (b + 1) * hidden);
    const cellError = finalCell.subarray(b * hidden, (b + 1) * hidden);
    for (const t of stepsOf(b, shape)) {
      const row = b * time + t;
      const coarseness = stateError(
        Float64Array.from({ length: hidden }, (_, k) => savedHidden[row * hidden + k]!),
      );
      before.hidden.set(hiddenError, row * hidden);
      before.cell.set(cellError, row * hidden);
      for (let r = 0; r < 4 * hidden; r++) {
        const at = row * 4 * hidden + r;
        let magnitude = Math.abs(projections[at]!);
        let carried = 0;
        for (let k = 0; k < hidden; k++) {
          magnitude += Math.abs(weight[r * hidden + k]! * savedHidden[row * hidden + k]!);
          carried += Math.abs(weight[r * hidden + k]!) * (before.hidden[row * hidden + k]! + coarseness);
        }
        const argument = (hidden + 1) * magnitude + carried;
        const y = Math.abs(activations[at]!);
        const isCandidate = r >= 2 * hidden && r < 3 * hidden;
        gates[at] = isCandidate
          ? argument * (1 - y * y) + TANH_ERROR * y
          : argument * y * (1 - y) + SIGMOID_ERROR * y;
      }
      for (let j = 0; j < hidden; j++) {
        const at = (gate: number) => row * 4 * hidden + gate * hidden + j;
        const [i, f, g, o] = [0, 1, 2, 3].map((gate) => activations[at(gate)]!) as [
          number,
          number,
          number,
          number,
        ];
        const c = savedCell[row * hidden + j]!;
        const forgotten = Math.abs(f * c);
        const added = Math.abs(i * g);
        const cell =
          f * cellError[j]! +
          gates[at(1)]! * Math.abs(c) +
          i * gates[at(2)]! +
          gates[at(0)]! * Math.abs(g) +
          2 * (forgotten + added);
        const tanhCell = Math.abs(Math.tanh(f * c + i * g));
        cellError[j] = cell;
        hiddenError[j] = o * (cell + TANH_ERROR * tanhCell) + (gates[at(3)]! + 1) * tanhCell;
        output[row * hidden + j] = hiddenError[j]!;
      }
    }
  }
  return { output, finalHidden, finalCell, gates, savedHidden: before.hidden, savedCell: before.cell };
}

/** lstmCellBackward in absolute values, where `1 - y` counts as 1 + y. */
export function lstmCellBackwardMagnitude(
  gradHidden: ArrayLike<number>,
  gradCell: ArrayLike<number>,
  gates: ArrayLike<number>,
  previousCell: ArrayLike<number>,
  batch: number,
  hidden: number,
) {
  const gradGates = new Float64Array(batch * 4 * hidden);
  const gradPreviousCell = new Float64Array(batch * hidden);
  for (let b = 0; b < batch; b++) {
    for (let j = 0; j < hidden; j++) {
      const at = (gate: number) => (b * 4 + gate) * hidden + j;
      const [i, f, g, o] = [0, 1, 2, 3].map((gate) => Math.abs(gates[at(gate)]!)) as [
        number,
        number,
        number,
        number,
      ];
      const before = Math.abs(previousCell[b * hidden + j]!);
      const tanhCell = Math.tanh(f * before + i * g);
      const dh = Math.abs(gradHidden[b * hidden + j]!);
      const dc = Math.abs(gradCell[b * hidden + j]!) + dh * o * (1 + tanhCell ** 2);
      gradGates[at(0)] = dc * g * i * (1 + i);
      gradGates[at(1)] = dc * before * f * (1 + f);
      gradGates[at(2)] = dc * i * (1 + g ** 2);
      gradGates[at(3)] = dh * tanhCell * o * (1 + o);
      gradPreviousCell[b * hidden + j] = dc * f;
    }
  }
  return { gradGates, gradPreviousCell };
}

/** lstmSequenceBackward in absolute values. */
export function lstmSequenceBackwardMagnitude(
  gradOutput: ArrayLike<number>,
  gradFinalHidden: ArrayLike<number>,
  gradFinalCell: ArrayLike<number>,
  activations: ArrayLike<number>,
  savedCell: ArrayLike<number>,
  weight: ArrayLike<number>,
  shape: LstmSequence,
) {
  const { batch, time, hidden } = shape;
  const gradProjections = new Float64Array(batch * time * 4 * hidden);
  const gradInitialHidden = absolute(gradFinalHidden);
  const gradInitialCell = absolute(gradFinalCell);
  for (let b = 0; b < batch; b++) {
    const dh = gradInitialHidden.subarray(b * hidden, (b + 1) * hidden);
    const dc = gradInitialCell.subarray(b * hidden, (b + 1) * hidden);
    for (const t of stepsOf(b, shape).reverse()) {
      const row = b * time + t;
      for (let j = 0; j < hidden; j++) dh[j] = dh[j]! + Math.abs(gradOutput[row * hidden + j]!);
      const gates = Float64Array.from({ length: 4 * hidden }, (_, r) => activations[row * 4 * hidden + r]!);
      const cell = Float64Array.from({ length: hidden }, (_, j) => savedCell[row * hidden + j]!);
      const step = lstmCellBackwardMagnitude(dh, dc, gates, cell, 1, hidden);
      gradProjections.set(step.gradGates, row * 4 * hidden);
      dc.set(step.gradPreviousCell);
      for (let k = 0; k < hidden; k++) {
        let sum = 0;
        for (let r = 0; r < 4 * hidden; r++) sum += step.gradGates[r]! * Math.abs(weight[r * hidden + k]!);
        dh[k] = sum;
      }
    }
  }
  return { gradProjections, gradInitialHidden, gradInitialCell };
}

/** Half a step, and what multiplying by the step's reciprocal adds: three roundings of at most 32,767 steps. */
const HALF_STEP = 0.5 + 3 * 32767 * EPSILON;

/** An LSTM's state in 16 bits: how far off each element is. */
export const stateErrorOf16Bits = (state: Float64Array): number =>
  (HALF_STEP * stepOf16Bits(state)) / EPSILON;

/**
 * A product with 8-bit weights: half a step of each row's activations times |W|, and the roundings of the sum to a
 * float, the two scales' product, its product and the addition.
 * @param weight dequantised [N, K]
 */
export function quantisedError(
  a: Float64Array,
  weight: Float64Array,
  start: Float64Array,
  [M, N, K]: readonly [number, number, number],
  stepOf: (row: Float64Array) => number,
): Float64Array {
  const error = new Float64Array(M * N);
  for (let i = 0; i < M; i++) {
    const row = a.subarray(i * K, (i + 1) * K);
    const off = HALF_STEP * stepOf(row);
    for (let j = 0; j < N; j++) {
      let coarseness = 0;
      let magnitude = Math.abs(start[i * N + j]!);
      for (let k = 0; k < K; k++) {
        const w = Math.abs(weight[j * K + k]!);
        coarseness += w * off;
        magnitude += w * (Math.abs(row[k]!) + off);
      }
      error[i * N + j] = coarseness / EPSILON + 5 * magnitude;
    }
  }
  return error;
}
