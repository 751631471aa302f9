import type { StoredTensor, WeightSource } from '../../src/tensor/weights.ts';

/** A source of tensors given by name. */
export function sourceOf(tensors: Readonly<Record<string, StoredTensor>>): WeightSource {
  return { metadata: {}, names: () => Object.keys(tensors), get: (name) => tensors[name] };
}
