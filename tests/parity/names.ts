/** Weights of a case that heed has under other names. */
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { StoredTensor, WeightSource } from '../../src/tensor/weights.ts';
import { sourceOf } from '../support/sourceOf.ts';
import type { Fixture } from './fixture.ts';

/** heed's name by the case's (without `w.`); where the shape differs by axes of 1, with heed's shape. */
export type Renaming = Readonly<Record<string, string | readonly [name: string, shape: readonly number[]]>>;

/** The case's weights by heed's names; of those it names, the ones that the case has. */
export function renamed(fixture: Fixture, renaming: Renaming): WeightSource {
  const named: Record<string, StoredTensor> = {};
  for (const [theirs, ours] of Object.entries(renaming)) {
    const stored = fixture.source.get(`w.${theirs}`);
    if (!stored) continue;
    const [name, shape] = typeof ours === 'string' ? [ours, stored.shape] : ours;
    named[name] = { ...stored, shape };
  }
  return sourceOf(named);
}

/** A layer's parameters by the case's names (`w.W_q`), and what it has besides. */
export function theirNames(
  parameters: ReadonlyMap<string, Tensor>,
  renaming: Renaming,
  others: Readonly<Record<string, Tensor | undefined>> = {},
): Map<string, Tensor> {
  const named = new Map<string, Tensor>();
  for (const [theirs, ours] of Object.entries(renaming)) {
    const tensor = parameters.get(typeof ours === 'string' ? ours : ours[0]);
    if (tensor) named.set(`w.${theirs}`, tensor);
  }
  for (const [name, tensor] of Object.entries(others)) if (tensor) named.set(name, tensor);
  return named;
}
