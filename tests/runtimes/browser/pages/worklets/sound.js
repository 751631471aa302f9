// The path is right on disk and, as servers know nothing above their root, in pages too.
import { shapes } from '../../../suite/voices.js';

export { sound } from '../../../suite/voices.js';

/** Weights of Silero VAD's shapes, the same wherever this runs. */
export function tensors() {
  let bits = 1;
  const number = () => {
    bits = (Math.imul(bits, 1664525) + 1013904223) >>> 0;
    return bits / 2 ** 31 - 1;
  };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const depth = shape.slice(1).reduce((a, b) => a * b, 1);
      const values = Float32Array.from({ length: shape[0] * depth }, () => number() * Math.sqrt(6 / depth));
      return [name, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) }];
    }),
  );
}
