import { isRecording, record } from '../autograd/tape.ts';
import { expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { scale } from './elementwise.ts';
import { accumulateWeightGradient } from './linear.ts';
import { expectFloats } from './operands.ts';
import type { PackedWeight } from './packedWeight.ts';
import {
  addTo,
  callByRows,
  checkSequence,
  copyState,
  type HiddenState,
  placeOutput,
  type SequenceOptions,
} from './recurrence.ts';

/** State of a GRU: hidden [batch, hidden]. */
export type GRUState = HiddenState;

/** What one direction of `gruSequence` runs with. */
export interface GRUSequenceOptions extends SequenceOptions<GRUState> {
  /** bias_hh [3 * hidden]; it cannot join the inputs' bias, for the reset gate scales the candidate's share of it. */
  readonly bias?: Tensor;
}

/**
 * The gate arithmetic of one GRU step, in PyTorch's form (see `gruSequence`; gates r, z, n side by side).
 * @param projected x [batch, 3 * hidden], the projected inputs with their bias
 * @param products p = W_hh h + b_hh [batch, 3 * hidden]
 * @param previousHidden h [batch, hidden]
 * @returns h' [batch, hidden]
 * @throws ShapeError, DTypeError
 */
export function gruCell(projected: Tensor, products: Tensor, previousHidden: Tensor): Tensor {
  expectShape('gruCell', 'previousHidden', previousHidden.shape, [null, null]);
  const [batch, size] = previousHidden.shape as readonly [number, number];
  expectShape('gruCell', 'projected', projected.shape, [batch, 3 * size]);
  expectShape('gruCell', 'products', products.shape, [batch, 3 * size]);
  expectFloats('gruCell', { projected, products, previousHidden });
  const { runtime } = projected;
  // The kernel overwrites them, and the projections of many steps may be one tensor.
  const gates = scale(projected, 1);
  const hidden = Tensor.empty(runtime, [batch, size]);
  runtime.kernels.f32_gru_cell(
    hidden.pointer,
    gates.pointer,
    products.pointer,
    previousHidden.pointer,
    batch,
    size,
  );
  record([hidden], [gates, products, previousHidden], (tape) => {
    const gradHidden = tape.gradient(hidden);
    const gradProducts = Tensor.empty(runtime, products.shape);
    tape.kernels.f32_gru_cell_backward(
      gates.pointer,
      gradProducts.pointer,
      gradHidden.pointer,
      products.pointer,
      previousHidden.pointer,
      batch,
      size,
    );
    addTo(tape, gates, gates);
    addTo(tape, products, gradProducts);
    addTo(tape, previousHidden, gradHidden);
    gradProducts.dispose();
  });
  return hidden;
}

/**
 * A gated recurrent unit over whole sequences, one direction (Cho et al. 2014, in PyTorch's form, which resets after
 * the product with the state): gates r, z, n side by side,
 *
 *   r, z = sigmoid(x + W_hh h + b_hh)   n = tanh(x + r * (W_hh h + b_hh))   h' = (1 - z) * n + z * h
 *
 * @param projected x [batch, time, 3 * hidden], the projected inputs with their bias; overwritten by the gates
 * @param recurrent weight_hh [3 * hidden, hidden]
 * @returns output [batch, time, hidden] (or the whole tensor of `into`), zeros from a row's length on; state at each
 *   row's own last step
 * @throws ShapeError, DTypeError; ArgumentError for a length outside 0..time, or columns outside the output
 */
export function gruSequence(
  projected: Tensor,
  recurrent: PackedWeight,
  options: GRUSequenceOptions = {},
): { output: Tensor; state: GRUState } {
  const { batch, time, size } = checkSequence('gru', 3, projected, recurrent, options);
  const { bias, lengths, state: initial, reverse = false } = options;
  if (bias) expectShape('gru', 'bias', bias.shape, [3 * size]);
  expectFloats('gru', { projected, bias });
  const { runtime } = projected;
  const packed = recurrent.forward;
  const hidden = copyState(initial?.hidden, projected, batch, size);
  const { output, offset, stride } = placeOutput(projected, size, options.into);
  const saved = isRecording(runtime)
    ? {
        hidden: Tensor.zeros(runtime, [batch, time, size]),
        product: Tensor.zeros(runtime, [batch, time, size]),
      }
    : undefined;
  const products = Tensor.empty(runtime, [batch, 3 * size]);
  const stateBytes = 4 * size;
  const rowBytes = time * stateBytes;
  const sizes = [batch, time, size, stride, reverse ? 1 : 0] as const;
  callByRows(
    runtime,
    'f32_gru_sequence',
    [
      [output.pointer + offset, 4 * time * stride],
      [hidden.pointer, stateBytes],
      [saved?.hidden.pointer ?? 0, rowBytes],
      [saved?.product.pointer ?? 0, rowBytes],
      [projected.pointer, 3 * rowBytes],
      [products.pointer, 3 * stateBytes],
      [packed, 0],
      [bias?.pointer ?? 0, 0],
      [lengths?.pointer ?? 0, 4],
    ],
    sizes,
  );
  products.dispose();
  const inputs = [projected, recurrent.weight, bias, initial?.hidden].filter((input) => input !== undefined);
  record([output, hidden], inputs, (tape) => {
    // Whoever used the final state has added to its gradient by now: it may be carried through the steps in place.
    const gradHidden = tape.gradient(hidden);
    const gradProducts = Tensor.empty(runtime, projected.shape);
    callByRows(
      runtime,
      'f32_gru_sequence_backward',
      [
        [projected.pointer, 3 * rowBytes],
        [gradProducts.pointer, 3 * rowBytes],
        [gradHidden.pointer, stateBytes],
        [tape.gradient(output).pointer + offset, 4 * time * stride],
        [saved!.hidden.pointer, rowBytes],
        [saved!.product.pointer, rowBytes],
        [recurrent.backward, 0],
        [lengths?.pointer ?? 0, 4],
      ],
      sizes,
    );
    if (tape.needs(recurrent.weight)) {
      accumulateWeightGradient(tape, recurrent, gradProducts.pointer, saved!.hidden.pointer, batch * time);
    }
    if (bias && tape.needs(bias)) {
      tape.kernels.f32_sum_rows(tape.gradient(bias).pointer, gradProducts.pointer, batch * time, 3 * size);
    }
    addTo(tape, projected, projected);
    addTo(tape, initial?.hidden, gradHidden);
    gradProducts.dispose();
  });
  return { output, state: { hidden } };
}
