import { record } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { Tensor } from '../tensor/tensor.ts';
import { sigmoid, tanh } from './elementwise.ts';
import { expectFloats } from './operands.ts';

function activate(where: string, activation: 'relu' | 'gelu' | 'gelu_tanh' | 'silu', x: Tensor): Tensor {
  expectFloats(where, { x });
  const y = Tensor.empty(x.runtime, x.shape);
  x.runtime.kernels[`f32_${activation}`](y.pointer, x.pointer, y.size);
  record([y], [x], (tape) => {
    const saved = activation === 'relu' ? y : x;
    tape.kernels[`f32_${activation}_backward`](
      tape.gradient(x).pointer,
      tape.gradient(y).pointer,
      saved.pointer,
      y.size,
    );
  });
  return y;
}

/** max(x, 0). @throws DTypeError */
export function relu(x: Tensor): Tensor {
  return activate('relu', 'relu', x);
}

/**
 * x Phi(x), Phi the standard normal distribution function: the exact GELU of Hendrycks and Gimpel (2016), PyTorch's
 * default, BERT's `gelu`.
 * @throws DTypeError
 */
export function gelu(x: Tensor): Tensor {
  return activate('gelu', 'gelu', x);
}

/**
 * x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): the approximate GELU, PyTorch's `approximate='tanh'`, GPT-2's
 * `gelu_new`.
 * @throws DTypeError
 */
export function geluTanh(x: Tensor): Tensor {
  return activate('geluTanh', 'gelu_tanh', x);
}

/** x sigmoid(x): SiLU, also called swish. @throws DTypeError */
export function silu(x: Tensor): Tensor {
  return activate('silu', 'silu', x);
}

/** What may follow a linear map. */
export type Activation = 'none' | 'relu' | 'gelu' | 'silu' | 'tanh' | 'sigmoid' | 'geluTanh';

/** Activations as ops of their own, in the order of the codes in assembly/kernels/activation.ts. */
export const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  none: (x) => x,
  relu,
  gelu,
  silu,
  tanh,
  sigmoid,
  geluTanh,
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
