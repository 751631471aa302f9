/** References of the Gaussian window for the specs. */
import * as window from '../../reference/gaussianWindow.ts';
import { EPSILON } from '../bounds.ts';
import type { Views } from './views.ts';

/** What exp flushes to 0 is below this. */
const FLUSHED = 2 ** -126;

export function gaussianWindowReferences({ f32, put, plus }: Views) {
  /** (terms + 14 d^2) |weight| g in units of EPSILON, d in half widths: the roundings of -2 d^2, seven of them relative. */
  function errors(
    weights: ArrayLike<number>,
    positions: Float32Array,
    columns: number,
    halfWidth: number,
    terms: number,
  ): Float64Array {
    const products = window.gaussianWindow(weights, positions, columns, halfWidth);
    return products.map((product, i) => {
      const d = ((i % columns) - positions[Math.floor(i / columns)]!) / halfWidth;
      const size = Math.abs(product) * (terms + 14 * d * d) + (Math.abs(weights[i]!) * FLUSHED) / EPSILON;
      return Number.isFinite(size) ? size : 0;
    });
  }
  return {
    gaussianWindow(
      out: number,
      magnitude: number,
      weights: number,
      positions: number,
      rows: number,
      columns: number,
      halfWidth: number,
    ) {
      const [w, p] = [f32(weights, rows * columns), f32(positions, rows)];
      put(out, window.gaussianWindow(w, p, columns, halfWidth));
      put(magnitude, errors(w, p, columns, halfWidth, 3));
    },
    gaussianWindowBackward(
      outWeights: number,
      outPositions: number,
      weightsMagnitude: number,
      positionsMagnitude: number,
      beforeWeights: number,
      beforePositions: number,
      gradOut: number,
      weights: number,
      positions: number,
      rows: number,
      columns: number,
      halfWidth: number,
    ) {
      const n = rows * columns;
      const [g, w, p] = [f32(gradOut, n), f32(weights, n), f32(positions, rows)];
      const [startWeights, startPositions] = [f32(beforeWeights, n), f32(beforePositions, rows)];
      const gradients = window.gaussianWindowBackward(g, w, p, columns, halfWidth);
      put(outWeights, plus(startWeights, gradients.gradWeights));
      put(outPositions, plus(startPositions, gradients.gradPositions));
      put(weightsMagnitude, plus(startWeights.map(Math.abs), errors(g, p, columns, halfWidth, 4)));
      const slopes = Float64Array.from(startPositions, (v) => 2 * Math.abs(v));
      // d, its product with the rest, four chains of sums, the last factor.
      errors(g, p, columns, halfWidth, columns / 4 + 12).forEach((error, i) => {
        const row = Math.floor(i / columns);
        const d = ((i % columns) - p[row]!) / halfWidth;
        slopes[row] = slopes[row]! + error * Math.abs((w[i]! * 4 * d) / halfWidth);
      });
      put(positionsMagnitude, slopes);
    },
  };
}
