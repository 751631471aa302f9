/** References of element-wise kernels and dropout for the specs. */
import * as elementwise from '../../reference/elementwise.ts';
import { absolute } from '../bounds.ts';
import type { Views } from './views.ts';

export function elementwiseReferences({ f32, put, plus }: Views) {
  return {
    exp: (out: number, x: number, n: number) => put(out, elementwise.exp(f32(x, n))),
    sigmoid: (out: number, x: number, n: number) => put(out, elementwise.sigmoid(f32(x, n))),
    tanh: (out: number, x: number, n: number) => put(out, elementwise.tanh(f32(x, n))),
    add: (out: number, a: number, b: number, n: number) => put(out, elementwise.add(f32(a, n), f32(b, n))),
    multiply: (out: number, a: number, b: number, n: number) =>
      put(out, elementwise.multiply(f32(a, n), f32(b, n))),
    scale: (out: number, x: number, n: number, factor: number) =>
      put(out, elementwise.scale(f32(x, n), factor)),
    fill: (out: number, n: number, value: number) => put(out, elementwise.fill(n, value)),
    multiplyAdd(out: number, magnitude: number, before: number, a: number, b: number, n: number) {
      put(out, elementwise.multiplyAdd(f32(before, n), f32(a, n), f32(b, n)));
      put(
        magnitude,
        elementwise.multiplyAdd(absolute(f32(before, n)), absolute(f32(a, n)), absolute(f32(b, n))),
      );
    },
    addScaled(out: number, magnitude: number, before: number, x: number, n: number, factor: number) {
      put(out, elementwise.addScaled(f32(before, n), f32(x, n), factor));
      put(magnitude, elementwise.addScaled(absolute(f32(before, n)), absolute(f32(x, n)), Math.abs(factor)));
    },
    copyColumns(
      out: number,
      before: number,
      x: number,
      rows: number,
      columns: number,
      outStride: number,
      xStride: number,
      accumulate: number,
    ) {
      const source = f32(x, rows * xStride);
      put(
        out,
        elementwise.copyColumns(
          f32(before, rows * outStride),
          source,
          rows,
          columns,
          outStride,
          xStride,
          accumulate !== 0,
        ),
      );
    },
    dropout(
      out: number,
      before: number,
      x: number,
      n: number,
      seed: number,
      threshold: number,
      factor: number,
    ) {
      const dropped = elementwise.dropout(f32(x, n), seed, threshold, factor).map(Math.fround);
      put(out, before ? plus(f32(before, n), dropped) : dropped);
    },
    tanhBackward(out: number, magnitude: number, before: number, gradY: number, y: number, n: number) {
      const start = f32(before, n);
      put(out, plus(start, elementwise.tanhBackward(f32(gradY, n), f32(y, n))));
      put(
        magnitude,
        Float64Array.from(
          f32(gradY, n),
          (v, i) => Math.abs(v) * (1 + f32(y, n)[i]! ** 2) + Math.abs(start[i]!),
        ),
      );
    },
    sigmoidBackward(out: number, magnitude: number, before: number, gradY: number, y: number, n: number) {
      const start = f32(before, n);
      put(out, plus(start, elementwise.sigmoidBackward(f32(gradY, n), f32(y, n))));
      put(
        magnitude,
        Float64Array.from(
          f32(gradY, n),
          (v, i) => Math.abs(v * f32(y, n)[i]!) * (1 + Math.abs(f32(y, n)[i]!)) + Math.abs(start[i]!),
        ),
      );
    },
  };
}
