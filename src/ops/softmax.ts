import { record } from '../autograd/tape.ts';
import { ShapeError } from '../errors.ts';
import { describe, sizeOf } from '../tensor/shape.ts';
import { expectDType, Tensor } from '../tensor/tensor.ts';
import { checkLengths } from './lengths.ts';
import { expectFloats } from './operands.ts';

/** What a row may see. */
export interface SoftmaxMask {
  /** i32 [batch]: row group b (all rows of x's first axis entry b) sees its first lengths[b] columns. */
  readonly lengths?: Tensor;
  /** f32 [..., columns], added to x first; its rows repeat over x's leading axes. -inf is legal. */
  readonly additive?: Tensor;
}

/**
 * softmax over the last axis. A row that may see nothing gives zeros, not NaN.
 * @param x [..., columns]
 * @throws ShapeError, DTypeError; ArgumentError for a length outside 0..columns
 */
export function softmax(x: Tensor, mask: SoftmaxMask = {}): Tensor {
  return masked('softmax', 'f32_softmax', x, mask);
}

/**
 * log(softmax) over the last axis; -inf for what may not be seen.
 * @param x [..., columns]
 * @throws ShapeError, DTypeError; ArgumentError for a length outside 0..columns
 */
export function logSoftmax(x: Tensor, mask: SoftmaxMask = {}): Tensor {
  return masked('logSoftmax', 'f32_log_softmax', x, mask);
}

/** An exponential takes as long as so many multiplications of a matrix product. */
const COST = 16;

function masked(
  where: string,
  kernel: 'f32_softmax' | 'f32_log_softmax',
  x: Tensor,
  { lengths, additive }: SoftmaxMask,
): Tensor {
  const columns = x.shape.at(-1);
  if (columns === undefined) throw new ShapeError(`${where}: x must have an axis, got a scalar`);
  expectFloats(where, { x, mask: additive });
  const rows = sizeOf(x.shape.slice(0, -1));
  let rowsPerLength = 1;
  if (lengths) {
    expectDType(where, 'lengths', lengths, 'i32', x.runtime);
    if (lengths.shape.length !== 1 || lengths.size !== x.shape[0]) {
      throw new ShapeError(
        `${where}: lengths must be [${x.shape[0]}] for x ${describe(x.shape)}, got ${describe(lengths.shape)}`,
      );
    }
    checkLengths(where, lengths, lengths.size, columns, x.runtime);
    rowsPerLength = rows / lengths.size;
  }
  let maskRows = 1;
  if (additive) {
    const tail = x.shape.slice(x.shape.length - additive.shape.length);
    if (additive.shape.length === 0 || describe(tail) !== describe(additive.shape)) {
      throw new ShapeError(
        `${where}: mask ${describe(additive.shape)} must equal the last axes of x ${describe(x.shape)}`,
      );
    }
    maskRows = sizeOf(additive.shape) / columns;
  }
  const y = Tensor.empty(x.runtime, x.shape);
  if (x.size === 0) return y;
  const values = [
    y.pointer,
    x.pointer,
    additive?.pointer ?? 0,
    lengths?.pointer ?? 0,
    rows,
    columns,
    maskRows,
    rowsPerLength,
  ];
  // Which mask and which length a row has depends on its number: those rows stay together.
  const together = additive || lengths ? rows : 1;
  x.runtime.call(kernel, values, COST * x.size, {
    argument: 4,
    grain: together,
    advance: { 0: 4 * columns, 1: 4 * columns },
  });
  record([y], [x], (tape) => {
    const [gradX, gradY] = [tape.gradient(x).pointer, tape.gradient(y).pointer];
    tape.kernels[`${kernel}_backward`](gradX, gradY, y.pointer, rows, columns);
  });
  return y;
}
