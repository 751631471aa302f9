/** What the steps of the recurrent layers share. */
import { Int8Weight } from '../ops/int8Weight.ts';
import type { Weight } from '../ops/weight.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Direction } from './recurrent.ts';

/** What a step with 8-bit weights quantises activations in; undefined where both weights are in f32. */
export function quantisedActivations(direction: Direction<Weight>, batch: number): Tensor | undefined {
  const bytes = [direction.input, direction.recurrent].map((weight) =>
    weight instanceof Int8Weight ? weight.scratchBytes(batch) : 0,
  );
  const most = Math.max(...bytes);
  return most > 0 ? Tensor.persistent(direction.runtime, [most / 4]) : undefined;
}

/** The two biases as one, which outlives scopes: for layers that only ever need their sum. */
export function summedBias({ runtime, inputBias, recurrentBias }: Direction<Weight>): Tensor | undefined {
  if (!inputBias || !recurrentBias) return undefined;
  const bias = Tensor.persistent(runtime, inputBias.shape);
  runtime.kernels.f32_add(bias.pointer, inputBias.pointer, recurrentBias.pointer, bias.size);
  return bias;
}

/** gates [batch, outputs] = x · W^T (+ bias), for a step. */
export function projectStep(
  gates: Tensor,
  x: Tensor,
  weight: Weight,
  bias: Tensor | undefined,
  quantised: Tensor | undefined,
): void {
  const batch = gates.shape[0]!;
  if (weight instanceof Int8Weight) {
    weight.multiply(gates.pointer, quantised!.pointer, x.pointer, bias?.pointer ?? 0, batch, false);
    return;
  }
  const { inputs, outputs } = weight;
  gates.runtime.kernels.f32_matmul(
    gates.pointer,
    x.pointer,
    weight.forward,
    bias?.pointer ?? 0,
    batch,
    outputs,
    inputs,
    inputs,
    outputs,
    0,
    0,
  );
}
