/** Outputs and gradients of a PyTorch case, by its names. */
import type { Tensor } from '../../src/tensor/tensor.ts';
import { weightedLoss } from '../support/weightedLoss.ts';
import type { Comparison } from './compare.ts';
import type { Fixture } from './fixture.ts';

type Parameters = ReadonlyMap<string, Tensor>;

/** A layer's parameters and other tensors under the fixtures' names. */
export function parametersOf(
  layer: { parameters(): Parameters } | undefined,
  others: Readonly<Record<string, Tensor | undefined>> = {},
): Map<string, Tensor> {
  const named = new Map([...(layer?.parameters() ?? [])].map(([name, tensor]) => [`w.${name}`, tensor]));
  for (const [name, tensor] of Object.entries(others)) if (tensor) named.set(name, tensor);
  return named;
}

/** `out.*` of what `compute` returns by name. */
export function outputsOf(fixture: Fixture, compute: () => Readonly<Record<string, Tensor>>): Comparison[] {
  return fixture.runtime.scope(() =>
    Object.entries(compute()).map(([name, tensor]) => ({ name: `out.${name}`, actual: tensor.toArray() })),
  );
}

/**
 * `grad.*` as the case has them: of its loss, or of the outputs weighted by their cotangents.
 * @param parameters by the fixtures' names (`w.weight`, `in.x`)
 */
export function gradientsOf(
  fixture: Fixture,
  parameters: Parameters,
  compute: () => Readonly<Record<string, Tensor>>,
): Map<string, Tensor> {
  const wanted = fixture.names('grad.').filter((name) => parameters.has(name));
  if (wanted.length === 0) return new Map();
  const { loss } = fixture.description;
  const body = (): Tensor => {
    const outputs = compute();
    if (loss !== undefined && outputs[loss]) return outputs[loss];
    const names = Object.keys(outputs).filter((name) => fixture.has(`in.cotangent.${name}`));
    return weightedLoss(
      names.map((name) => outputs[name]!),
      names.map((name) => fixture.floats(`in.cotangent.${name}`)),
    );
  };
  const named = new Map(wanted.map((name) => [name, parameters.get(name)!]));
  return new Map(fixture.runtime.gradients(body, named).gradients);
}

/** Both. */
export function evaluate(
  fixture: Fixture,
  parameters: Parameters,
  compute: () => Readonly<Record<string, Tensor>>,
): Comparison[] {
  const outputs = outputsOf(fixture, compute);
  return [...outputs, ...asComparisons(gradientsOf(fixture, parameters, compute))];
}

export function asComparisons(gradients: Parameters): Comparison[] {
  return [...gradients].map(([name, tensor]) => ({ name: `grad.${name}`, actual: tensor.toArray() }));
}
