/** References of layer norm and RMS norm for the specs. */
import * as norm from '../../reference/norm.ts';
import { EPSILON } from '../bounds.ts';
import type { Views } from './views.ts';

/** What (columns / 16 + 8) eps, as the kernels' header states it, is of. */
function layerNormError(
  x: Float32Array,
  weight: Float32Array | null,
  bias: Float32Array | null,
  rows: number,
  columns: number,
  epsilon: number,
): Float64Array {
  const k = columns / 16 + 8;
  const h = norm.layerNorm(x, null, null, rows, columns, epsilon);
  return h.map((value, i) => {
    const row = Math.floor(i / columns);
    const { variance } = norm.moments(x, row, columns);
    const mean =
      x.subarray(row * columns, (row + 1) * columns).reduce((sum, v) => sum + Math.abs(v), 0) / columns;
    const lost = (k * EPSILON * mean) / Math.sqrt(variance + epsilon);
    const own = Math.abs(weight ? weight[i % columns]! : 1) * (1 + Math.abs(value) + lost);
    return own + Math.abs(bias ? bias[i % columns]! : 0) / k;
  });
}

export function normReferences({ f32, f32Or, put, plus }: Views) {
  return {
    layerNorm(
      out: number,
      magnitude: number,
      x: number,
      weight: number,
      bias: number,
      rows: number,
      columns: number,
      epsilon: number,
    ) {
      const values = f32(x, rows * columns);
      const [w, b] = [f32Or(weight, columns), f32Or(bias, columns)];
      put(out, norm.layerNorm(values, w, b, rows, columns, epsilon));
      put(magnitude, layerNormError(values, w, b, rows, columns, epsilon));
    },
    rmsNorm(
      out: number,
      magnitude: number,
      x: number,
      weight: number,
      rows: number,
      columns: number,
      epsilon: number,
    ) {
      const y = norm.rmsNorm(f32(x, rows * columns), f32Or(weight, columns), rows, columns, epsilon);
      put(out, y);
      put(magnitude, y.map(Math.abs));
    },
    /** `which` is 0 for the gradient of x, 1 for that of weight, 2 for that of bias. */
    l2Normalize(out: number, magnitude: number, x: number, rows: number, columns: number) {
      const y = norm.l2Normalize(f32(x, rows * columns), rows, columns);
      put(out, y);
      put(magnitude, y.map(Math.abs));
    },
    l2NormalizeBackward(
      out: number,
      magnitude: number,
      before: number,
      gradY: number,
      x: number,
      rows: number,
      columns: number,
    ) {
      const n = rows * columns;
      const [values, dy, start] = [f32(x, n), f32(gradY, n), f32(before, n)];
      put(out, plus(start, norm.l2NormalizeBackward(dy, values, rows, columns)));
      // The sign of the product turned: y times it is added where it was subtracted.
      const [sizes, negative] = [values.map(Math.abs), dy.map((v) => -Math.abs(v))];
      const y = norm.l2Normalize(sizes, rows, columns);
      const along = norm.l2NormalizeBackward(negative, sizes, rows, columns);
      const scaled = dy.map((v, i) => (values[i] === 0 ? 0 : Math.abs(v * (y[i]! / sizes[i]!))));
      put(
        magnitude,
        Float64Array.from(start, (v, i) => Math.abs(v) + Math.abs(along[i]!) + 2 * scaled[i]!),
      );
    },
    normBackward(
      out: number,
      magnitude: number,
      before: number,
      gradY: number,
      x: number,
      weight: number,
      rows: number,
      columns: number,
      epsilon: number,
      centred: number,
      which: number,
    ) {
      const dy = f32(gradY, rows * columns);
      const [values, w] = [f32(x, rows * columns), f32Or(weight, columns)];
      const gradients = norm.normBackward(dy, values, w, rows, columns, epsilon, centred !== 0);
      const own = [gradients.x, gradients.weight, gradients.bias][which]!;
      const start = f32(before, own.length);
      put(out, plus(start, own));
      put(
        magnitude,
        plus(
          start.map(Math.abs),
          normBackwardSizes(dy, values, w, rows, columns, epsilon, centred !== 0)[which]!,
        ),
      );
    },
  };
}

/** The gradients of x, weight and bias with each product and sum in absolute values, 1 + |h| for h. */
function normBackwardSizes(
  gradY: Float32Array,
  x: Float32Array,
  weight: Float32Array | null,
  rows: number,
  columns: number,
  epsilon: number,
  centred: boolean,
): Float64Array[] {
  const h = centred
    ? norm.layerNorm(x, null, null, rows, columns, epsilon)
    : norm.rmsNorm(x, null, rows, columns, epsilon);
  const sizes = [rows * columns, columns, columns].map((n) => new Float64Array(n));
  for (let r = 0; r < rows; r++) {
    const { mean, variance } = norm.moments(x, r, columns);
    const scale = 1 / Math.sqrt(variance + (centred ? 0 : mean * mean) + epsilon);
    let meanG = 0;
    let meanProduct = 0;
    for (let i = r * columns; i < (r + 1) * columns; i++) {
      const g = Math.abs(gradY[i]! * (weight ? weight[i % columns]! : 1));
      meanG += g / columns;
      meanProduct += (g * (1 + Math.abs(h[i]!))) / columns;
      sizes[1]![i % columns]! += Math.abs(gradY[i]!) * (1 + Math.abs(h[i]!));
      sizes[2]![i % columns]! += Math.abs(gradY[i]!);
    }
    for (let i = r * columns; i < (r + 1) * columns; i++) {
      const g = Math.abs(gradY[i]! * (weight ? weight[i % columns]! : 1));
      sizes[0]![i] = scale * (g + meanG + (1 + Math.abs(h[i]!)) * meanProduct);
    }
  }
  return sizes;
}
