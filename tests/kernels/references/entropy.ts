/** References of the entropy for the specs. */
import * as entropy from '../../reference/entropy.ts';
import type { Views } from './views.ts';

export function entropyReferences({ f32, put, plus }: Views) {
  return {
    entropy(out: number, magnitude: number, weights: number, rows: number, columns: number) {
      const w = f32(weights, rows * columns);
      put(out, entropy.entropy(w, rows, columns));
      const sizes = new Float64Array(rows);
      w.forEach((v, i) => {
        if (v !== 0) sizes[Math.floor(i / columns)]! += Math.abs(v * Math.log(v));
      });
      put(magnitude, sizes);
    },
    entropyBackward(
      out: number,
      magnitude: number,
      before: number,
      gradOut: number,
      weights: number,
      rows: number,
      columns: number,
    ) {
      const n = rows * columns;
      const [w, g, start] = [f32(weights, n), f32(gradOut, rows), f32(before, n)];
      put(out, plus(start, entropy.entropyBackward(g, w, columns)));
      put(
        magnitude,
        Float64Array.from(start, (v, i) => {
          const slope = w[i] === 0 ? 0 : Math.abs(Math.log(w[i]!)) + 1;
          return Math.abs(v) + Math.abs(g[Math.floor(i / columns)]!) * slope;
        }),
      );
    },
  };
}
