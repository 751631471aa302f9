import type { WeightSource, WeightStream } from '../tensor/weights.ts';

/** Weights that are in memory, for whoever reads a stream. */
export function weightStream(weights: WeightSource): WeightStream {
  return {
    names: () => weights.names(),
    info: (name) => weights.get(name),
    async stream(take, { names, signal, onProgress } = {}) {
      const chosen = weights.names().filter((name) => names?.has(name) ?? true);
      const total = chosen.reduce((sum, name) => sum + weights.get(name)!.bytes.length, 0);
      let done = 0;
      for (const name of chosen) {
        signal?.throwIfAborted();
        const { bytes } = weights.get(name)!;
        take(name, 0, bytes);
        done += bytes.length;
        onProgress?.(done, total);
      }
    },
  };
}
