/** References of gather and scatter for the specs. */
import * as embedding from '../../reference/embedding.ts';
import { absolute } from '../bounds.ts';
import type { Views } from './views.ts';

export function embeddingReferences({ f32, i32, put }: Views) {
  return {
    gather: (out: number, table: number, rows: number, ids: number, count: number, size: number) =>
      put(out, embedding.gather(f32(table, rows * size), i32(ids, count), size)),
    scatterAdd(
      out: number,
      magnitude: number,
      before: number,
      rows: number,
      x: number,
      ids: number,
      count: number,
      size: number,
    ) {
      const table = f32(before, rows * size);
      const values = f32(x, count * size);
      put(out, embedding.scatterAdd(table, values, i32(ids, count), size));
      put(magnitude, embedding.scatterAdd(absolute(table), absolute(values), i32(ids, count), size));
    },
  };
}
