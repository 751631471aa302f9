/** References of RNN for the specs. */
import * as rnn from '../../reference/rnn.ts';
import { absolute, TANH_ERROR } from '../bounds.ts';
import type { Views } from './views.ts';

/** Each step's rounding, and the previous step's error carried through its slope; in units of EPSILON. */
function sequenceError(
  projections: ArrayLike<number>,
  weight: ArrayLike<number>,
  run: { output: ArrayLike<number>; savedHidden: ArrayLike<number> },
  shape: rnn.RnnSequence,
) {
  const { batch, time, hidden } = shape;
  const output = new Float64Array(batch * time * hidden);
  const savedHidden = new Float64Array(batch * time * hidden);
  const finalHidden = new Float64Array(batch * hidden);
  for (let b = 0; b < batch; b++) {
    const error = finalHidden.subarray(b * hidden, (b + 1) * hidden);
    for (const t of rnn.stepsOf(b, shape)) {
      const row = (b * time + t) * hidden;
      savedHidden.set(error, row);
      for (let j = 0; j < hidden; j++) {
        let magnitude = Math.abs(projections[row + j]!);
        let carried = 0;
        for (let k = 0; k < hidden; k++) {
          const w = Math.abs(weight[j * hidden + k]!);
          magnitude += w * Math.abs(run.savedHidden[row + k]!);
          carried += w * savedHidden[row + k]!;
        }
        const h = run.output[row + j]!;
        error[j] = ((hidden + 1) * magnitude + carried) * (1 - h * h) + TANH_ERROR * Math.abs(h);
      }
      output.set(error, row);
    }
  }
  return { output, finalHidden, savedHidden };
}

/** rnnSequenceBackward in absolute values, where `1 - h^2` counts as 1 + h^2. */
function gradientMagnitude(
  gradOutput: ArrayLike<number>,
  gradFinalHidden: ArrayLike<number>,
  states: ArrayLike<number>,
  weight: ArrayLike<number>,
  shape: rnn.RnnSequence,
) {
  const { batch, time, hidden } = shape;
  const gradProjections = new Float64Array(batch * time * hidden);
  const gradInitialHidden = absolute(gradFinalHidden);
  for (let b = 0; b < batch; b++) {
    const dh = gradInitialHidden.subarray(b * hidden, (b + 1) * hidden);
    for (const t of rnn.stepsOf(b, shape).reverse()) {
      const row = (b * time + t) * hidden;
      for (let j = 0; j < hidden; j++) {
        gradProjections[row + j] = (dh[j]! + Math.abs(gradOutput[row + j]!)) * (1 + states[row + j]! ** 2);
      }
      for (let k = 0; k < hidden; k++) {
        dh[k] = 0;
        for (let j = 0; j < hidden; j++)
          dh[k]! += gradProjections[row + j]! * Math.abs(weight[j * hidden + k]!);
      }
    }
  }
  return { gradProjections, gradInitialHidden };
}

export function rnnReferences({ f32, i32Or, put, dense }: Views) {
  return {
    rnnSequence(
      outOutput: number,
      outHidden: number,
      outSavedHidden: number,
      magnitudeOutput: number,
      magnitudeHidden: number,
      magnitudeSavedHidden: number,
      projections: number,
      weight: number,
      hiddenState: number,
      lengths: number,
      batch: number,
      time: number,
      hidden: number,
      reverse: number,
    ) {
      const shape = { batch, time, hidden, reverse: reverse !== 0, lengths: i32Or(lengths, batch) };
      const x = f32(projections, batch * time * hidden);
      const w = f32(weight, hidden * hidden);
      const run = rnn.rnnSequence(x, w, f32(hiddenState, batch * hidden), shape);
      put(outOutput, run.output);
      put(outHidden, run.finalHidden);
      put(outSavedHidden, run.savedHidden);
      const error = sequenceError(x, w, run, shape);
      put(magnitudeOutput, error.output);
      put(magnitudeHidden, error.finalHidden);
      put(magnitudeSavedHidden, error.savedHidden);
    },
    rnnSequenceBackward(
      outGates: number,
      outHidden: number,
      magnitudeGates: number,
      magnitudeHidden: number,
      gradOutput: number,
      gradHidden: number,
      states: number,
      weight: number,
      lengths: number,
      batch: number,
      time: number,
      hidden: number,
      outputStride: number,
      reverse: number,
    ) {
      const shape = { batch, time, hidden, reverse: reverse !== 0, lengths: i32Or(lengths, batch) };
      const dy = dense(gradOutput, batch * time, hidden, outputStride);
      const dh = f32(gradHidden, batch * hidden);
      const h = f32(states, batch * time * hidden);
      const w = f32(weight, hidden * hidden);
      const run = rnn.rnnSequenceBackward(dy, dh, h, w, shape);
      put(outGates, run.gradProjections);
      put(outHidden, run.gradInitialHidden);
      const most = gradientMagnitude(dy, dh, h, w, shape);
      put(magnitudeGates, most.gradProjections);
      put(magnitudeHidden, most.gradInitialHidden);
    },
  };
}
