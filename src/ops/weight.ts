import { ArgumentError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Int8Weight } from './int8Weight.ts';
import type { PackedWeight } from './packedWeight.ts';

/** A weight matrix [outputs, inputs], in the arithmetic it was loaded for. */
export type Weight = PackedWeight | Int8Weight;

/** The f32 tensor behind a weight; 8-bit weights have none, and no gradient. */
export function tensorOf(weight: Weight): Tensor | undefined {
  return weight instanceof Int8Weight ? undefined : weight.weight;
}

/** @throws ArgumentError when the weight lives in another runtime's memory */
export function expectWeightOf(where: string, runtime: Runtime, weight: Weight): void {
  const own = weight instanceof Int8Weight ? weight.runtime : weight.weight.runtime;
  if (own !== runtime) {
    throw new ArgumentError(`${where}: weight belongs to another runtime than the other operands`);
  }
}

/** Frees a weight and all that was packed of it. */
export function disposeWeight(weight: Weight): void {
  weight.dispose();
  tensorOf(weight)?.dispose();
}
