/** What the sequence ops of RNN, LSTM and GRU share. */
import type { Tape } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import type { TrainingKernels } from '../runtime/abi.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { describe, expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { checkLengths } from './lengths.ts';
import { expectFloats } from './operands.ts';
import { expectWeightOf, type Weight } from './weight.ts';

/** The state of one direction of a recurrent layer: each tensor [batch, hidden]. */
export type RecurrentState = { readonly [name: string]: Tensor };

/** State of an RNN or a GRU: hidden [batch, hidden]. */
export type HiddenState = { readonly hidden: Tensor };

/** State of an LSTM: hidden and cell, [batch, hidden] each. */
export type LSTMState = { readonly hidden: Tensor; readonly cell: Tensor };

/** What one direction runs with over whole sequences. */
export interface SequenceOptions<State> {
  /** i32 [batch], each in 0..time; full rows by default. */
  readonly lengths?: Tensor;
  /** Zeros by default. */
  readonly state?: State;
  /** From each row's end to its beginning. */
  readonly reverse?: boolean;
  /**
   * Where the output goes: columns [column, column + hidden) of a tensor [batch, time, width], so that two directions
   * can share one. A new tensor [batch, time, hidden] by default.
   */
  readonly into?: OutputColumns;
}

export interface OutputColumns {
  readonly output: Tensor;
  readonly column: number;
}

/**
 * Checks the operands of a sequence op, before it allocates anything.
 * @param gates how many lie side by side in projected [batch, time, gates * hidden]
 * @throws ShapeError, DTypeError; ArgumentError for a length outside 0..time, or columns outside the output
 */
export function checkSequence(
  where: string,
  gates: number,
  projected: Tensor,
  recurrent: Weight,
  options: SequenceOptions<RecurrentState>,
): { batch: number; time: number; size: number } {
  const { lengths, state = {}, into } = options;
  const size = recurrent.inputs;
  expectShape(where, 'projected', projected.shape, [null, null, gates * size]);
  const [batch, time] = projected.shape as readonly [number, number, number];
  expectShape(where, 'recurrent', [recurrent.outputs, size], [gates * size, size]);
  if (lengths) checkLengths(where, lengths, batch, time, projected.runtime);
  expectFloats(where, { projected, ...state, output: into?.output });
  expectWeightOf(where, projected.runtime, recurrent);
  for (const name in state) expectShape(where, `state.${name}`, state[name]!.shape, [batch, size]);
  if (into) {
    const { output, column } = into;
    expectShape(where, 'into.output', output.shape, [batch, time, null]);
    if (!(Number.isInteger(column) && column >= 0 && column + size <= output.shape[2]!)) {
      throw new ArgumentError(
        `${where}: into.column must leave room for ${size} columns in ${describe(output.shape)}, got ${column}`,
      );
    }
  }
  return { batch, time, size };
}

/** The output tensor, the byte offset of its first written column, and the elements between its rows. */
export function placeOutput(
  projected: Tensor,
  size: number,
  into: OutputColumns | undefined,
): { output: Tensor; offset: number; stride: number } {
  const [batch, time] = projected.shape as readonly [number, number, number];
  const output = into?.output ?? Tensor.empty(projected.runtime, [batch, time, size]);
  return { output, offset: 4 * (into?.column ?? 0), stride: output.shape[2]! };
}

/** A copy of an initial state for the kernel to work in, or zeros [batch, size]. */
export function copyState(given: Tensor | undefined, like: Tensor, batch: number, size: number): Tensor {
  if (!given) return Tensor.zeros(like.runtime, [batch, size]);
  const copy = Tensor.empty(like.runtime, [batch, size]);
  like.runtime.kernels.f32_scale(copy.pointer, given.pointer, copy.size, 1);
  return copy;
}

/** Whole tiles of four and of six rows of a matrix product. */
const ROW_GRAIN = 12;

/**
 * Calls the kernel of a sequence op, or of its backward pass, on all threads: batch rows do not depend on each other.
 * @param pointers the kernel's first arguments, each with the bytes between batch rows: 0 for what all rows share. A
 *   pointer of 0 stands for none
 * @param sizes batch, time, hidden, and the kernel's other arguments
 */
export function callByRows(
  runtime: Runtime,
  kernel: keyof TrainingKernels,
  pointers: readonly (readonly [pointer: number, rowBytes: number])[],
  sizes: readonly [batch: number, time: number, hidden: number, ...others: number[]],
): void {
  const [batch, time, hidden] = sizes;
  const values = [...pointers.map(([pointer]) => pointer), ...sizes];
  const advance = Object.fromEntries(
    pointers.map(([pointer, rowBytes], i) => [i, pointer === 0 ? 0 : rowBytes]),
  );
  runtime.call(kernel, values, batch * time * hidden * hidden, {
    argument: pointers.length,
    grain: ROW_GRAIN,
    advance,
  });
}

/** Adds a gradient to that of an op's input, where the loss may depend on it. */
export function addTo(tape: Tape, input: Tensor | undefined, gradient: Tensor): void {
  if (!input || !tape.needs(input)) return;
  tape.kernels.f32_add_scaled(tape.gradient(input).pointer, gradient.pointer, gradient.size, 1);
}
