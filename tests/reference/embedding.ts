/** References of assembly/kernels/embedding.ts and assembly/gradients/embedding.ts. */

/** out[i, :] = table[ids[i], :] */
export function gather(table: ArrayLike<number>, ids: ArrayLike<number>, size: number): Float64Array {
  const out = new Float64Array(ids.length * size);
  for (let i = 0; i < ids.length; i++) {
    for (let d = 0; d < size; d++) out[i * size + d] = table[ids[i]! * size + d]!;
  }
  return out;
}

/** table[ids[i], :] + the sum of the x[i, :] that name it. */
export function scatterAdd(
  table: ArrayLike<number>,
  x: ArrayLike<number>,
  ids: ArrayLike<number>,
  size: number,
): Float64Array {
  const out = Float64Array.from(table);
  for (let i = 0; i < ids.length; i++) {
    for (let d = 0; d < size; d++) out[ids[i]! * size + d] = out[ids[i]! * size + d]! + x[i * size + d]!;
  }
  return out;
}
