/** What a padding mask [batch, keys], 1 where a key is hidden, leaves of each row: hidden keys come last. */
export function hiddenAsLengths(hidden: Float32Array, keys: number): number[] {
  return Array.from({ length: hidden.length / keys }, (_, b) => {
    const row = hidden.subarray(b * keys, (b + 1) * keys);
    const first = row.indexOf(1);
    if (first >= 0 && row.subarray(first).includes(0)) throw new Error(`row ${b} hides keys in its middle`);
    return first < 0 ? keys : first;
  });
}
