/** References of GRU for the specs. */
import * as gru from '../../reference/gru.ts';
import * as bounds from '../gruBounds.ts';
import type { Views } from './views.ts';

export function gruReferences({ f32, i32Or, put, dense }: Views) {
  return {
    gruCell(
      outHidden: number,
      outGates: number,
      magnitudeHidden: number,
      magnitudeGates: number,
      gates: number,
      products: number,
      previousHidden: number,
      batch: number,
      hidden: number,
    ) {
      const n = batch * hidden;
      const inputs = [f32(gates, 3 * n), f32(products, 3 * n), f32(previousHidden, n)] as const;
      const run = gru.gruCell(...inputs, batch, hidden);
      put(outHidden, run.hidden);
      put(outGates, run.activations);
      const error = bounds.gruCellError(...inputs, run, batch, hidden);
      put(magnitudeHidden, error.hidden);
      put(magnitudeGates, error.gates);
    },
    gruCellBackward(
      outGates: number,
      outProducts: number,
      outHidden: number,
      magnitudeGates: number,
      magnitudeProducts: number,
      magnitudeHidden: number,
      gradHidden: number,
      activations: number,
      products: number,
      previousHidden: number,
      batch: number,
      hidden: number,
    ) {
      const n = batch * hidden;
      const inputs = [
        f32(gradHidden, n),
        f32(activations, 3 * n),
        f32(products, 3 * n),
        f32(previousHidden, n),
        batch,
        hidden,
      ] as const;
      const run = gru.gruCellBackward(...inputs);
      put(outGates, run.gradGates);
      put(outProducts, run.gradProducts);
      put(outHidden, run.gradPreviousHidden);
      const most = bounds.gruCellBackwardMagnitude(...inputs);
      put(magnitudeGates, most.gradGates);
      put(magnitudeProducts, most.gradProducts);
      put(magnitudeHidden, most.gradPreviousHidden);
    },
    gruSequence(
      outOutput: number,
      outHidden: number,
      outGates: number,
      outSavedHidden: number,
      outSavedProduct: number,
      magnitudeOutput: number,
      magnitudeHidden: number,
      magnitudeGates: number,
      magnitudeSavedHidden: number,
      magnitudeSavedProduct: number,
      projections: number,
      weight: number,
      bias: number,
      hiddenState: number,
      lengths: number,
      batch: number,
      time: number,
      hidden: number,
      reverse: number,
    ) {
      const shape = { batch, time, hidden, reverse: reverse !== 0, lengths: i32Or(lengths, batch) };
      const x = f32(projections, batch * time * 3 * hidden);
      const w = f32(weight, 3 * hidden * hidden);
      const b = bias ? f32(bias, 3 * hidden) : null;
      const run = gru.gruSequence(x, w, b, f32(hiddenState, batch * hidden), shape);
      put(outOutput, run.output);
      put(outHidden, run.finalHidden);
      put(outGates, run.activations);
      put(outSavedHidden, run.savedHidden);
      put(outSavedProduct, run.savedProduct);
      const error = bounds.gruSequenceError(x, w, b, run, shape);
      put(magnitudeOutput, error.output);
      put(magnitudeHidden, error.finalHidden);
      put(magnitudeGates, error.gates);
      put(magnitudeSavedHidden, error.savedHidden);
      put(magnitudeSavedProduct, error.savedProduct);
    },
    gruSequenceBackward(
      outGates: number,
      outProducts: number,
      outHidden: number,
      magnitudeGates: number,
      magnitudeProducts: number,
      magnitudeHidden: number,
      gradOutput: number,
      gradHidden: number,
      activations: number,
      savedHidden: number,
      savedProduct: number,
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
        f32(activations, batch * time * 3 * hidden),
        f32(savedHidden, batch * time * hidden),
        f32(savedProduct, batch * time * hidden),
        f32(weight, 3 * hidden * hidden),
        shape,
      ] as const;
      const run = gru.gruSequenceBackward(...inputs);
      put(outGates, run.gradProjections);
      put(outProducts, run.gradProducts);
      put(outHidden, run.gradInitialHidden);
      const most = bounds.gruSequenceBackwardMagnitude(...inputs);
      put(magnitudeGates, most.gradProjections);
      put(magnitudeProducts, most.gradProducts);
      put(magnitudeHidden, most.gradInitialHidden);
    },
  };
}
