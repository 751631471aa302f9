import { ArgumentError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { sigmoid, tanh } from './elementwise.ts';

/** What may follow a linear map. */
export type Activation = 'none' | 'relu' | 'gelu' | 'silu' | 'tanh' | 'sigmoid';

/** Activations as ops of their own, in the order of the codes in assembly/kernels/activation.ts. */
export const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  none: (x) => x,
  relu: (x) => x,
  gelu: (x) => x,
  silu: (x) => x,
  tanh,
  sigmoid,
};

/** The kernels' code of an activation. @throws ArgumentError for an unknown one */
export function activationCode(where: string, activation: Activation): number {
  const names = Object.keys(activations);
  const code = names.indexOf(activation);
  if (code < 0) {
    throw new ArgumentError(
      `${where}: activation must be one of ${names.join(', ')}, got ${String(activation)}`,
    );
  }
  return code;
}
