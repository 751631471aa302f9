/** FNV-1a over the values' 32-bit words. */
export function hashOf(floats) {
  const words = new Int32Array(floats.buffer, floats.byteOffset, floats.length);
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193) >>> 0;
  return hash;
}
