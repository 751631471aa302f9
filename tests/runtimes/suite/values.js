// Inputs that are the same wherever the suite runs.

/** Numbers in [-1, 1): multiples of 2^-15, by a linear congruence. */
export class Values {
  #bits;

  constructor(seed = 1) {
    this.#bits = seed;
  }

  next() {
    this.#bits = (Math.imul(this.#bits, 1664525) + 1013904223) >>> 0;
    return (this.#bits >>> 16) * 2 ** -15 - 1;
  }

  floats(size, scale = 1) {
    return Float32Array.from({ length: size }, () => this.next() * scale);
  }

  /** Whole numbers in 0..limit - 1. */
  integers(size, limit) {
    return Array.from({ length: size }, () => Math.floor(((this.next() + 1) / 2) * limit));
  }
}

export const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);

/**
 * Weights of these shapes, by name: what a file would hold.
 * @param shapes entries [name, shape], or an object of them
 * @param scale of the values; 1 / sqrt(fan-in) by default, which keeps signals as large as they come
 */
export function weightsOf(shapes, seed = 1, scale) {
  const values = new Values(seed);
  const entries = Array.isArray(shapes) ? shapes : Object.entries(shapes);
  return new Map(
    entries.map(([name, shape]) => {
      const fanIn = shape.length > 1 ? sizeOf(shape) / shape[0] : 4;
      return [name, { shape, values: values.floats(sizeOf(shape), scale ?? 1 / Math.sqrt(fanIn)) }];
    }),
  );
}

/** As what `load` takes. */
export function sourceOf(weights, metadata = {}) {
  const stored = new Map(
    [...weights].map(([name, { shape, values }]) => [name, storedFloats(values, shape)]),
  );
  return { metadata, names: () => [...stored.keys()], get: (name) => stored.get(name) };
}

export function storedFloats(values, shape) {
  return { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}
