import { isDifferentiated, record, type Tape } from '../autograd/tape.ts';
import { ShapeError } from '../errors.ts';
import { describe, expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type Activation, activationCode, activations } from './activation.ts';
import { Int8Weight } from './int8Weight.ts';
import { linearInt8 } from './linearInt8.ts';
import { multiplyPacked } from './matmul.ts';
import { expectFloats } from './operands.ts';
import { type PackedWeight, packedBytes } from './packedWeight.ts';
import type { Weight } from './weight.ts';

/**
 * y = activation(x · W^T + b). The activation is applied while the result is still in the cache.
 * @param x [..., inputs] f32
 * @param bias [outputs]
 * @param weight [outputs, inputs]; 8-bit weights quantise x row by row: a single row in 16 bits, several in 7
 * @returns [..., outputs]
 * @throws ShapeError, DTypeError; ArgumentError for an unknown activation; UnsupportedError when gradients would have to
 * pass through an 8-bit weight
 */
export function linear(x: Tensor, weight: Weight, bias?: Tensor, activation: Activation = 'none'): Tensor {
  const rows = rowsOf('linear', x, weight);
  if (bias) expectShape('linear', 'bias', bias.shape, [weight.outputs]);
  const code = activationCode('linear', activation);
  if (weight instanceof Int8Weight) {
    const y = linearInt8('linear', x, weight, rows, { bias });
    if (code !== 0) x.runtime.kernels.f32_activate(y.pointer, y.size, code);
    return y;
  }
  expectFloats('linear', { x, weight: weight.weight, bias });
  const inputs = bias ? [x, weight.weight, bias] : [x, weight.weight];
  // The backward pass of an activation wants its argument or its result alone: the fused form keeps only one of them.
  if (code !== 0 && isDifferentiated(inputs)) return activations[activation](linear(x, weight, bias));
  // Asked for first: a disposed operand throws before anything is allocated.
  const [from, packed, start] = [x.pointer, weight.forward, bias?.pointer ?? 0];
  const y = Tensor.empty(x.runtime, [...x.shape.slice(0, -1), weight.outputs]);
  multiplyPacked(x.runtime, y.pointer, from, packed, start, {
    M: rows,
    N: weight.outputs,
    K: weight.inputs,
    accumulate: false,
    activation: code,
  });
  record([y], inputs, (tape) => {
    backward(tape, x, weight, y, rows);
    if (bias && tape.needs(bias)) {
      tape.kernels.f32_sum_rows(tape.gradient(bias).pointer, tape.gradient(y).pointer, rows, weight.outputs);
    }
  });
  return y;
}

/**
 * y = base + x · W^T: one more source of a sum of projections.
 * @param base [..., outputs]
 * @param x [..., inputs]
 * @throws ShapeError
 */
export function addLinear(base: Tensor, x: Tensor, weight: Weight): Tensor {
  const rows = rowsOf('addLinear', x, weight);
  expectShape('addLinear', 'base', base.shape, [...x.shape.slice(0, -1), weight.outputs]);
  if (weight instanceof Int8Weight) return linearInt8('addLinear', x, weight, rows, { base });
  expectFloats('addLinear', { base, x, weight: weight.weight });
  const [start, from, packed] = [base.pointer, x.pointer, weight.forward];
  const y = Tensor.empty(x.runtime, base.shape);
  x.runtime.kernels.f32_scale(y.pointer, start, y.size, 1);
  multiplyPacked(x.runtime, y.pointer, from, packed, 0, {
    M: rows,
    N: weight.outputs,
    K: weight.inputs,
    accumulate: true,
    activation: 0,
  });
  record([y], [base, x, weight.weight], (tape) => {
    if (tape.needs(base)) {
      tape.kernels.f32_add_scaled(tape.gradient(base).pointer, tape.gradient(y).pointer, y.size, 1);
    }
    backward(tape, x, weight, y, rows);
  });
  return y;
}

/** dx += dy · W, dW += dy^T · x. */
function backward(tape: Tape, x: Tensor, weight: PackedWeight, y: Tensor, rows: number): void {
  const { inputs, outputs } = weight;
  const gradY = tape.gradient(y).pointer;
  if (tape.needs(x)) {
    multiplyPacked(x.runtime, tape.gradient(x).pointer, gradY, weight.backward, 0, {
      M: rows,
      N: inputs,
      K: outputs,
      accumulate: true,
      activation: 0,
    });
  }
  if (tape.needs(weight.weight)) accumulateWeightGradient(tape, weight, gradY, x.pointer, rows);
}

/**
 * dW += dy^T · x over `rows` rows.
 * @param gradY byte address of dy [rows, outputs]
 * @param x byte address of x [rows, inputs]
 */
export function accumulateWeightGradient(
  tape: Tape,
  weight: PackedWeight,
  gradY: number,
  x: number,
  rows: number,
): void {
  const { inputs, outputs, stride } = weight;
  const { runtime } = weight.weight;
  // An odd multiple of 16, for f32_matmul's sake.
  const aStride = rows | 16;
  const left = runtime.allocate(4 * outputs * aStride);
  const right = runtime.allocate(packedBytes(inputs, rows));
  tape.kernels.f32_transpose(left.pointer, gradY, rows, outputs, aStride, outputs);
  tape.kernels.f32_pack(right.pointer, x, rows, inputs, inputs);
  const gradient = tape.gradient(weight.weight).pointer + weight.columnBytes;
  multiplyPacked(runtime, gradient, left.pointer, right.pointer, 0, {
    M: outputs,
    N: inputs,
    K: rows,
    accumulate: true,
    activation: 0,
    aStride,
    cStride: stride,
  });
  left.dispose();
  right.dispose();
}

function rowsOf(where: string, x: Tensor, weight: Weight): number {
  if (x.shape.at(-1) !== weight.inputs) {
    throw new ShapeError(
      `${where}: x is ${describe(x.shape)}, weight takes ${weight.inputs} inputs (x's last must equal them)`,
    );
  }
  return weight.inputs === 0 ? x.shape.slice(0, -1).reduce((a, b) => a * b, 1) : x.size / weight.inputs;
}
