import { isRecording, record } from '../autograd/tape.ts';
import { expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Int8Weight } from './int8Weight.ts';
import { accumulateWeightGradient } from './linear.ts';
import { lstmSequenceInt8 } from './lstmInt8.ts';
import { expectFloats } from './operands.ts';
import {
  addTo,
  callByRows,
  checkSequence,
  copyState,
  type LSTMState,
  placeOutput,
  type SequenceOptions,
} from './recurrence.ts';
import type { Weight } from './weight.ts';

/**
 * The gate arithmetic of one LSTM step (gates i, f, g, o side by side, as in PyTorch).
 * @param gates [batch, 4 * hidden], the summed projections; replaced by their activations
 * @param previousCell [batch, hidden]
 * @returns hidden and cell, [batch, hidden] each
 * @throws ShapeError
 */
export function lstmCell(gates: Tensor, previousCell: Tensor): { hidden: Tensor; cell: Tensor } {
  expectShape('lstmCell', 'previousCell', previousCell.shape, [null, null]);
  const [batch, size] = previousCell.shape as readonly [number, number];
  expectShape('lstmCell', 'gates', gates.shape, [batch, 4 * size]);
  expectFloats('lstmCell', { gates, previousCell });
  const { runtime } = gates;
  const hidden = Tensor.empty(runtime, [batch, size]);
  const cell = Tensor.empty(runtime, [batch, size]);
  runtime.kernels.f32_lstm_cell(
    hidden.pointer,
    cell.pointer,
    gates.pointer,
    previousCell.pointer,
    batch,
    size,
  );
  record([hidden, cell], [gates, previousCell], (tape) => {
    const { kernels } = tape;
    const gradGates = Tensor.empty(runtime, gates.shape);
    const gradPreviousCell = Tensor.empty(runtime, previousCell.shape);
    kernels.f32_lstm_cell_backward(
      gradGates.pointer,
      gradPreviousCell.pointer,
      tape.gradient(hidden).pointer,
      tape.gradient(cell).pointer,
      gates.pointer,
      previousCell.pointer,
      batch,
      size,
    );
    addTo(tape, gates, gradGates);
    addTo(tape, previousCell, gradPreviousCell);
    gradGates.dispose();
    gradPreviousCell.dispose();
  });
  return { hidden, cell };
}

/**
 * An LSTM over whole sequences, one direction.
 * @param projected [batch, time, 4 * hidden], the projected inputs with all biases; overwritten by the gates
 * @param recurrent weight_hh [4 * hidden, hidden]; with 8-bit weights the state is taken in up to 16 bits
 * @returns output [batch, time, hidden] (or the whole tensor of `into`), zeros from a row's length on; state at each
 *   row's own last step
 * @throws ShapeError, DTypeError; ArgumentError for a length outside 0..time, or columns outside the output;
 *   UnsupportedError when gradients would have to pass through an 8-bit weight
 */
export function lstmSequence(
  projected: Tensor,
  recurrent: Weight,
  options: SequenceOptions<LSTMState> = {},
): { output: Tensor; state: LSTMState } {
  if (recurrent instanceof Int8Weight) return lstmSequenceInt8(projected, recurrent, options);
  const { batch, time, size } = checkSequence('lstm', 4, projected, recurrent, options);
  const { lengths, state: initial, reverse = false } = options;
  const { runtime } = projected;
  const packed = recurrent.forward;
  const hidden = copyState(initial?.hidden, projected, batch, size);
  const cell = copyState(initial?.cell, projected, batch, size);
  const { output, offset, stride } = placeOutput(projected, size, options.into);
  const saved = isRecording(runtime)
    ? { hidden: Tensor.empty(runtime, [batch, time, size]), cell: Tensor.empty(runtime, [batch, time, size]) }
    : undefined;
  const stateBytes = 4 * size;
  const rowBytes = time * stateBytes;
  const sizes = [batch, time, size, stride, reverse ? 1 : 0] as const;
  callByRows(
    runtime,
    'f32_lstm_sequence',
    [
      [output.pointer + offset, 4 * time * stride],
      [hidden.pointer, stateBytes],
      [cell.pointer, stateBytes],
      [saved?.hidden.pointer ?? 0, rowBytes],
      [saved?.cell.pointer ?? 0, rowBytes],
      [projected.pointer, 4 * rowBytes],
      [packed, 0],
      [lengths?.pointer ?? 0, 4],
    ],
    sizes,
  );
  const inputs = [projected, recurrent.weight, ...(initial ? [initial.hidden, initial.cell] : [])];
  record([output, hidden, cell], inputs, (tape) => {
    // Whoever used the final state has added to its gradient by now: it may be carried through the steps in place.
    const gradHidden = tape.gradient(hidden);
    const gradCell = tape.gradient(cell);
    callByRows(
      runtime,
      'f32_lstm_sequence_backward',
      [
        [projected.pointer, 4 * rowBytes],
        [gradHidden.pointer, stateBytes],
        [gradCell.pointer, stateBytes],
        [tape.gradient(output).pointer + offset, 4 * time * stride],
        [saved!.cell.pointer, rowBytes],
        [recurrent.backward, 0],
        [lengths?.pointer ?? 0, 4],
      ],
      sizes,
    );
    if (tape.needs(recurrent.weight)) {
      accumulateWeightGradient(tape, recurrent, projected.pointer, saved!.hidden.pointer, batch * time);
    }
    addTo(tape, projected, projected);
    addTo(tape, initial?.hidden, gradHidden);
    addTo(tape, initial?.cell, gradCell);
  });
  return { output, state: { hidden, cell } };
}
