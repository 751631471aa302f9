/** References of LSTM for the specs. */
import * as lstm from '../../reference/lstm.ts';
import * as bounds from '../bounds.ts';
import type { Views } from './views.ts';

const { absolute } = bounds;

export function lstmReferences({ f32, i32Or, put, dense }: Views) {
  return {
    lstmCell(
      outHidden: number,
      outCell: number,
      outGates: number,
      magnitude: number,
      magnitudeGates: number,
      gates: number,
      previousCell: number,
      batch: number,
      hidden: number,
    ) {
      const step = lstm.lstmCell(
        f32(gates, batch * 4 * hidden),
        f32(previousCell, batch * hidden),
        batch,
        hidden,
      );
      put(outHidden, step.hidden);
      put(outCell, step.cell);
      put(outGates, step.activations);
      put(
        magnitude,
        step.cell.map((c) => 1 + Math.abs(c)),
      );
      put(magnitudeGates, absolute(step.activations));
    },
    lstmSequence(
      outOutput: number,
      outHidden: number,
      outCell: number,
      outGates: number,
      outSavedHidden: number,
      outSavedCell: number,
      magnitudeOutput: number,
      magnitudeHidden: number,
      magnitudeCell: number,
      magnitudeGates: number,
      magnitudeSavedHidden: number,
      magnitudeSavedCell: number,
      projections: number,
      weight: number,
      hiddenState: number,
      cellState: number,
      lengths: number,
      batch: number,
      time: number,
      hidden: number,
      reverse: number,
    ) {
      const shape = { batch, time, hidden, reverse: reverse !== 0, lengths: i32Or(lengths, batch) };
      const x = f32(projections, batch * time * 4 * hidden);
      const w = f32(weight, 4 * hidden * hidden);
      const run = lstm.lstmSequence(
        x,
        w,
        f32(hiddenState, batch * hidden),
        f32(cellState, batch * hidden),
        shape,
      );
      put(outOutput, run.output);
      put(outHidden, run.finalHidden);
      put(outCell, run.finalCell);
      put(outGates, run.activations);
      put(outSavedHidden, run.savedHidden);
      put(outSavedCell, run.savedCell);
      const error = bounds.lstmSequenceError(x, w, run.activations, run.savedHidden, run.savedCell, shape);
      put(magnitudeOutput, error.output);
      put(magnitudeHidden, error.finalHidden);
      put(magnitudeCell, error.finalCell);
      put(magnitudeGates, error.gates);
      put(magnitudeSavedHidden, error.savedHidden);
      put(magnitudeSavedCell, error.savedCell);
    },
    lstmCellBackward(
      outGates: number,
      outCell: number,
      magnitudeGates: number,
      magnitudeCell: number,
      gradHidden: number,
      gradCell: number,
      gates: number,
      previousCell: number,
      batch: number,
      hidden: number,
    ) {
      const n = batch * hidden;
      const inputs = [
        f32(gradHidden, n),
        f32(gradCell, n),
        f32(gates, 4 * n),
        f32(previousCell, n),
        batch,
        hidden,
      ] as const;
      const step = lstm.lstmCellBackward(...inputs);
      put(outGates, step.gradGates);
      put(outCell, step.gradPreviousCell);
      const most = bounds.lstmCellBackwardMagnitude(...inputs);
      put(magnitudeGates, most.gradGates);
      put(magnitudeCell, most.gradPreviousCell);
    },
    lstmSequenceBackward(
      outGates: number,
      outHidden: number,
      outCell: number,
      magnitudeGates: number,
      magnitudeHidden: number,
      magnitudeCell: number,
      gradOutput: number,
      gradHidden: number,
      gradCell: number,
      activations: number,
      savedCell: number,
      weight: number,
      lengths: number,
      batch: number,
      time: number,
      hidden: number,
      outputStride: number,
      reverse: number,
    ) {
      const shape = { batch, time, hidden, reverse: reverse !== 0, lengths: i32Or(lengths, batch) };
      const inputs = [
        dense(gradOutput, batch * time, hidden, outputStride),
        f32(gradHidden, batch * hidden),
        f32(gradCell, batch * hidden),
        f32(activations, batch * time * 4 * hidden),
        f32(savedCell, batch * time * hidden),
        f32(weight, 4 * hidden * hidden),
        shape,
      ] as const;
      const run = lstm.lstmSequenceBackward(...inputs);
      put(outGates, run.gradProjections);
      put(outHidden, run.gradInitialHidden);
      put(outCell, run.gradInitialCell);
      const most = bounds.lstmSequenceBackwardMagnitude(...inputs);
      put(magnitudeGates, most.gradProjections);
      put(magnitudeHidden, most.gradInitialHidden);
      put(magnitudeCell, most.gradInitialCell);
    },
  };
}
