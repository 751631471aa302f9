/** Reference of rotary positions for the specs. */
import { rotary } from '../../reference/rotary.ts';
import { absolute } from '../bounds.ts';
import type { Views } from './views.ts';

export function rotaryReferences({ f32, i32, put, dense, plus }: Views) {
  return {
    rotary(
      out: number,
      magnitude: number,
      before: number,
      x: number,
      cosine: number,
      sine: number,
      positions: number,
      count: number,
      rows: number,
      heads: number,
      size: number,
      rotated: number,
      outStride: number,
      xStride: number,
      interleaved: number,
      inverse: number,
    ) {
      const width = heads * size;
      const values = dense(x, rows, width, xStride);
      const [c, s] = [f32(cosine, (count * rotated) / 2), f32(sine, (count * rotated) / 2)];
      const ids = i32(positions, rows);
      const shape = { rows, heads, size, rotated, interleaved: interleaved !== 0, inverse: inverse !== 0 };
      const turned = rotary(values, c, s, ids, shape);
      // Of absolute values, with sines such that nothing cancels in either element of a pair.
      const [one, other] = [absolute(s), absolute(s).map((v) => -v)].map((sines) =>
        rotary(absolute(values), absolute(c), sines, ids, { ...shape, inverse: false }),
      ) as [Float64Array, Float64Array];
      const largest = one.map((v, i) => Math.max(v, other[i]!));
      if (!before) {
        put(out, turned);
        put(magnitude, largest);
        return;
      }
      const start = dense(before, rows, width, outStride);
      put(out, plus(start, turned));
      put(magnitude, plus(absolute(start), largest));
    },
  };
}
