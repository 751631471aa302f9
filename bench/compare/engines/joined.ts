/** Vectors of the same length, one behind the other. */
export function joined(vectors: readonly Float32Array[]): Float32Array {
  const size = vectors[0]?.length ?? 0;
  const all = new Float32Array(vectors.length * size);
  vectors.forEach((vector, i) => {
    all.set(vector, i * size);
  });
  return all;
}
