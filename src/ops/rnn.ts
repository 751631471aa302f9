import { isRecording, record } from '../autograd/tape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { add, tanh } from './elementwise.ts';
import { accumulateWeightGradient } from './linear.ts';
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

/**
 * A plain recurrent network over whole sequences, one direction: h' = tanh(x + W_hh h).
 * @param projected x [batch, time, hidden], the projected inputs with all biases; overwritten by the states
 * @param recurrent weight_hh [hidden, hidden]
 * @returns output [batch, time, hidden] (or the whole tensor of `into`), zeros from a row's length on; state at each
 *   row's own last step
 * @throws ShapeError, DTypeError; ArgumentError for a length outside 0..time, or columns outside the output
 */
export function rnnSequence(
  projected: Tensor,
  recurrent: PackedWeight,
  options: SequenceOptions<HiddenState> = {},
): { output: Tensor; state: HiddenState } {
  const { batch, time, size } = checkSequence('rnn', 1, projected, recurrent, options);
  const { lengths, state: initial, reverse = false } = options;
  const { runtime } = projected;
  const packed = recurrent.forward;
  const hidden = copyState(initial?.hidden, projected, batch, size);
  const { output, offset, stride } = placeOutput(projected, size, options.into);
  const saved = isRecording(runtime) ? Tensor.zeros(runtime, [batch, time, size]) : undefined;
  const stateBytes = 4 * size;
  const rowBytes = time * stateBytes;
  const sizes = [batch, time, size, stride, reverse ? 1 : 0] as const;
  callByRows(
    runtime,
    'f32_rnn_sequence',
    [
      [output.pointer + offset, 4 * time * stride],
      [hidden.pointer, stateBytes],
      [saved?.pointer ?? 0, rowBytes],
      [projected.pointer, rowBytes],
      [packed, 0],
      [lengths?.pointer ?? 0, 4],
    ],
    sizes,
  );
  const inputs = [projected, recurrent.weight, ...(initial ? [initial.hidden] : [])];
  record([output, hidden], inputs, (tape) => {
    // Whoever used the final state has added to its gradient by now: it may be carried through the steps in place.
    const gradHidden = tape.gradient(hidden);
    callByRows(
      runtime,
      'f32_rnn_sequence_backward',
      [
        [projected.pointer, rowBytes],
        [gradHidden.pointer, stateBytes],
        [tape.gradient(output).pointer + offset, 4 * time * stride],
        [recurrent.backward, 0],
        [lengths?.pointer ?? 0, 4],
      ],
      sizes,
    );
    if (tape.needs(recurrent.weight)) {
      accumulateWeightGradient(tape, recurrent, projected.pointer, saved!.pointer, batch * time);
    }
    addTo(tape, projected, projected);
    addTo(tape, initial?.hidden, gradHidden);
  });
  return { output, state: { hidden } };
}
