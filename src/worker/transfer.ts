/** Smaller buffers are copied as fast as they are handed over, or faster: in Node and Chromium, by the hundred. */
const WORTH_HANDING_OVER = 4096;

/**
 * The buffers of a result's arrays: handed over, they are not copied. Only of arrays that fill their buffer: of others
 * somebody else may need the rest.
 */
export function buffersOf(result: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (ArrayBuffer.isView(value)) {
      const { buffer, byteLength } = value;
      const whole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
      if (whole && byteLength >= WORTH_HANDING_OVER) found.add(buffer);
    } else if (Array.isArray(value)) value.forEach(visit);
    else if (Object.getPrototypeOf(value) === Object.prototype) Object.values(value).forEach(visit);
  };
  visit(result);
  return [...found];
}
