import type { Tensor } from '../tensor/tensor.ts';
import { add, tanh } from './elementwise.ts';

/**
 * One step of a plain recurrent network (Elman 1990): h' = tanh(x + p).
 * @param projected x [batch, hidden], the projected inputs with their bias
 * @param products p = W_hh h + b_hh [batch, hidden]
 * @returns h' [batch, hidden]
 * @throws ShapeError, DTypeError
 */
export function rnnCell(projected: Tensor, products: Tensor): Tensor {
  return tanh(add(projected, products));
}
