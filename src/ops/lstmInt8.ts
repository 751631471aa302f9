import { refuseGradient } from '../autograd/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Int8Weight } from './int8Weight.ts';
import { checkSequence, copyState, type LSTMState, placeOutput, type SequenceOptions } from './recurrence.ts';

/**
 * `lstmSequence` with an 8-bit recurrent weight.
 * @throws ShapeError, DTypeError, ArgumentError; UnsupportedError while gradients are recorded through an operand
 */
export function lstmSequenceInt8(
  projected: Tensor,
  recurrent: Int8Weight,
  options: SequenceOptions<LSTMState>,
): { output: Tensor; state: LSTMState } {
  const { batch, time, size } = checkSequence('lstm', 4, projected, recurrent, options);
  const { lengths, state: initial, reverse = false } = options;
  refuseGradient('lstm', [projected, initial?.hidden, initial?.cell]);
  const { runtime } = projected;
  // Asked for first: a disposed weight throws before anything is allocated.
  const { packed, scales } = recurrent;
  const hidden = copyState(initial?.hidden, projected, batch, size);
  const cell = copyState(initial?.cell, projected, batch, size);
  const { output, offset, stride } = placeOutput(projected, size, options.into);
  const scratch = runtime.allocate(recurrent.scratchBytes(batch));
  runtime.kernels.qi8_lstm_sequence(
    output.pointer + offset,
    hidden.pointer,
    cell.pointer,
    projected.pointer,
    scratch.pointer,
    packed,
    scales,
    lengths?.pointer ?? 0,
    batch,
    time,
    size,
    stride,
    reverse ? 1 : 0,
  );
  scratch.dispose();
  return { output, state: { hidden, cell } };
}
