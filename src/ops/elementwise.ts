import { record } from '../autograd/tape.ts';
import { ShapeError } from '../errors.ts';
import { describe } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expectFloats } from './operands.ts';

function expectSameShape(where: string, a: Tensor, b: Tensor): void {
  expectFloats(where, { a, b });
  if (a.shape.length !== b.shape.length || a.shape.some((extent, i) => extent !== b.shape[i])) {
    throw new ShapeError(`${where}: shapes differ: a is ${describe(a.shape)}, b is ${describe(b.shape)}`);
  }
}

/** a + b, of one shape. @throws ShapeError */
export function add(a: Tensor, b: Tensor): Tensor {
  expectSameShape('add', a, b);
  const y = Tensor.empty(a.runtime, a.shape);
  a.runtime.kernels.f32_add(y.pointer, a.pointer, b.pointer, y.size);
  record([y], [a, b], (tape) => {
    for (const x of [a, b]) {
      if (tape.needs(x))
        tape.kernels.f32_add_scaled(tape.gradient(x).pointer, tape.gradient(y).pointer, y.size, 1);
    }
  });
  return y;
}

/** a * b element by element, of one shape. @throws ShapeError */
export function multiply(a: Tensor, b: Tensor): Tensor {
  expectSameShape('multiply', a, b);
  const y = Tensor.empty(a.runtime, a.shape);
  a.runtime.kernels.f32_multiply(y.pointer, a.pointer, b.pointer, y.size);
  record([y], [a, b], (tape) => {
    const gradY = tape.gradient(y).pointer;
    if (tape.needs(a)) tape.kernels.f32_multiply_add(tape.gradient(a).pointer, gradY, b.pointer, y.size);
    if (tape.needs(b)) tape.kernels.f32_multiply_add(tape.gradient(b).pointer, gradY, a.pointer, y.size);
  });
  return y;
}

/** factor * x */
export function scale(x: Tensor, factor: number): Tensor {
  expectFloats('scale', { x });
  const y = Tensor.empty(x.runtime, x.shape);
  x.runtime.kernels.f32_scale(y.pointer, x.pointer, y.size, factor);
  record([y], [x], (tape) => {
    tape.kernels.f32_add_scaled(tape.gradient(x).pointer, tape.gradient(y).pointer, y.size, factor);
  });
  return y;
}

/** tanh(x) */
export function tanh(x: Tensor): Tensor {
  expectFloats('tanh', { x });
  const y = Tensor.empty(x.runtime, x.shape);
  x.runtime.kernels.f32_tanh(y.pointer, x.pointer, y.size);
  record([y], [x], (tape) => {
    tape.kernels.f32_tanh_backward(tape.gradient(x).pointer, tape.gradient(y).pointer, y.pointer, y.size);
  });
  return y;
}

/** 1 / (1 + exp(-x)) */
export function sigmoid(x: Tensor): Tensor {
  expectFloats('sigmoid', { x });
  const y = Tensor.empty(x.runtime, x.shape);
  x.runtime.kernels.f32_sigmoid(y.pointer, x.pointer, y.size);
  record([y], [x], (tape) => {
    tape.kernels.f32_sigmoid_backward(tape.gradient(x).pointer, tape.gradient(y).pointer, y.pointer, y.size);
  });
  return y;
}

/** exp(x) */
export function exp(x: Tensor): Tensor {
  expectFloats('exp', { x });
  const y = Tensor.empty(x.runtime, x.shape);
  x.runtime.kernels.f32_exp(y.pointer, x.pointer, y.size);
  record([y], [x], (tape) => {
    tape.kernels.f32_multiply_add(tape.gradient(x).pointer, tape.gradient(y).pointer, y.pointer, y.size);
  });
  return y;
}

/** The sum of all elements: a scalar. */
export function sum(x: Tensor): Tensor {
  expectFloats('sum', { x });
  const y = Tensor.from(x.runtime, [x.runtime.kernels.f32_sum(x.pointer, x.size)], []);
  record([y], [x], (tape) => {
    const ones = Tensor.empty(x.runtime, x.shape);
    tape.kernels.f32_fill(ones.pointer, ones.size, 1);
    tape.kernels.f32_add_scaled(tape.gradient(x).pointer, ones.pointer, x.size, tape.gradient(y).item());
  });
  return y;
}
