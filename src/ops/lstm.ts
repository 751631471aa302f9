import { isRecording, record } from '../autograd/tape.ts';
import { expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { checkLengths } from './lengths.ts';
import { accumulateWeightGradient } from './linear.ts';
import { expectFloats } from './operands.ts';
import type { PackedWeight } from './packedWeight.ts';

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
    if (tape.needs(gates))
      kernels.f32_add_scaled(tape.gradient(gates).pointer, gradGates.pointer, gates.size, 1);
    if (tape.needs(previousCell)) {
      kernels.f32_add_scaled(
        tape.gradient(previousCell).pointer,
        gradPreviousCell.pointer,
        previousCell.size,
        1,
      );
    }
    gradGates.dispose();
    gradPreviousCell.dispose();
  });
  return { hidden, cell };
}

/** State of an LSTM layer: hidden and cell, [batch, hidden] each. */
export interface LSTMState {
  readonly hidden: Tensor;
  readonly cell: Tensor;
}

/** What one direction of `lstmSequence` runs with. */
export interface LSTMSequenceOptions {
  /** i32 [batch], each in 0..time; full rows by default. */
  readonly lengths?: Tensor;
  /** Zeros by default. */
  readonly state?: LSTMState;
  /** From each row's end to its beginning. */
  readonly reverse?: boolean;
}

/**
 * An LSTM over whole sequences, one direction.
 * @param projected [batch, time, 4 * hidden], the projected inputs with all biases; overwritten by the gates
 * @param recurrent weight_hh [4 * hidden, hidden]
 * @returns output [batch, time, hidden], zeros from a row's length on; state at each row's own last step
 * @throws ShapeError, DTypeError; ArgumentError for a length outside 0..time
 */
export function lstmSequence(
  projected: Tensor,
  recurrent: PackedWeight,
  options: LSTMSequenceOptions = {},
): { output: Tensor; state: LSTMState } {
  const { lengths, state: initial, reverse = false } = options;
  const size = recurrent.inputs;
  expectShape('lstm', 'projected', projected.shape, [null, null, 4 * size]);
  const [batch, time] = projected.shape as readonly [number, number, number];
  if (lengths) checkLengths('lstm', lengths, batch, time);
  const { runtime } = projected;
  expectFloats('lstm', { projected, weight: recurrent.weight, hidden: initial?.hidden, cell: initial?.cell });
  if (initial) {
    expectShape('lstm', 'state.hidden', initial.hidden.shape, [batch, size]);
    expectShape('lstm', 'state.cell', initial.cell.shape, [batch, size]);
  }
  const packed = recurrent.forward;
  const hidden = copyState(initial?.hidden, projected, batch, size);
  const cell = copyState(initial?.cell, projected, batch, size);
  const output = Tensor.empty(runtime, [batch, time, size]);
  const recording = isRecording(runtime);
  const savedHidden = recording ? Tensor.zeros(runtime, output.shape) : undefined;
  const savedCell = recording ? Tensor.zeros(runtime, output.shape) : undefined;
  runtime.kernels.f32_lstm_sequence(
    output.pointer,
    hidden.pointer,
    cell.pointer,
    savedHidden?.pointer ?? 0,
    savedCell?.pointer ?? 0,
    projected.pointer,
    packed,
    lengths?.pointer ?? 0,
    batch,
    time,
    size,
    size,
    reverse ? 1 : 0,
  );
  const inputs = [projected, recurrent.weight, ...(initial ? [initial.hidden, initial.cell] : [])];
  record([output, hidden, cell], inputs, (tape) => {
    const { kernels } = tape;
    // Whoever used the final state has added to its gradient by now: it may be carried through the steps in place.
    const gradHidden = tape.gradient(hidden);
    const gradCell = tape.gradient(cell);
    kernels.f32_lstm_sequence_backward(
      projected.pointer,
      gradHidden.pointer,
      gradCell.pointer,
      tape.gradient(output).pointer,
      savedCell!.pointer,
      recurrent.backward,
      lengths?.pointer ?? 0,
      batch,
      time,
      size,
      size,
      reverse ? 1 : 0,
    );
    if (tape.needs(recurrent.weight)) {
      accumulateWeightGradient(tape, recurrent, projected.pointer, savedHidden!.pointer, batch * time);
    }
    if (tape.needs(projected)) {
      kernels.f32_add_scaled(tape.gradient(projected).pointer, projected.pointer, projected.size, 1);
    }
    if (initial && tape.needs(initial.hidden)) {
      kernels.f32_add_scaled(tape.gradient(initial.hidden).pointer, gradHidden.pointer, gradHidden.size, 1);
    }
    if (initial && tape.needs(initial.cell)) {
      kernels.f32_add_scaled(tape.gradient(initial.cell).pointer, gradCell.pointer, gradCell.size, 1);
    }
  });
  return { output, state: { hidden, cell } };
}

function copyState(given: Tensor | undefined, like: Tensor, batch: number, size: number): Tensor {
  if (!given) return Tensor.zeros(like.runtime, [batch, size]);
  const copy = Tensor.empty(like.runtime, [batch, size]);
  like.runtime.kernels.f32_scale(copy.pointer, given.pointer, copy.size, 1);
  return copy;
}
