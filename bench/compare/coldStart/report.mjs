// What every cold start computes, and how it reports: plain JavaScript, so that nothing else is loaded.
export const SIZE = 64;

/** Whole numbers: any order of sums gives the same product. */
export function operands() {
  const values = (factor) => Float32Array.from({ length: SIZE * SIZE }, (_, i) => ((i * factor) % 13) - 6);
  return { a: values(7), b: values(5) };
}

/** @param {(operands: { a: Float32Array, b: Float32Array }) => Promise<Float32Array>} body imports, loads, computes */
export async function reportColdStart(body) {
  const given = operands();
  const begin = performance.now();
  const result = await body(given);
  const end = performance.now();
  // The clock's origin is the start of the process.
  process.send({ packageMs: end - begin, processMs: end, result: Array.from(result) }, () => process.exit());
}
