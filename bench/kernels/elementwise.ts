/** Exponentials and activations over as many elements as a feed-forward layer has for some forty tokens. */
import { gelu, silu } from '../../src/ops/activation.ts';
import { exp, sigmoid, tanh } from '../../src/ops/elementwise.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { EPSILON, EXP_ERROR, SIGMOID_ERROR, TANH_ERROR } from '../../tests/kernels/bounds.ts';
import * as activation from '../../tests/reference/activation.ts';
import * as reference from '../../tests/reference/elementwise.ts';
import { seededRandom } from '../../tests/support/random.ts';
import type { Case } from '../suite.ts';
import { expectClose } from './verify.ts';

const SIZE = 1 << 16;

interface Function {
  readonly name: string;
  readonly run: (x: Tensor) => Tensor;
  readonly expected: (x: Float32Array) => Float64Array;
  /** What assembly/math states for y = f(x), in units of EPSILON. */
  readonly error: (y: number, x: number) => number;
}

const functions: readonly Function[] = [
  { name: 'exp', run: exp, expected: reference.exp, error: (y) => EXP_ERROR * y },
  { name: 'tanh', run: tanh, expected: reference.tanh, error: (y) => TANH_ERROR * Math.abs(y) },
  { name: 'sigmoid', run: sigmoid, expected: reference.sigmoid, error: (y) => SIGMOID_ERROR * y },
  { name: 'gelu', run: gelu, expected: activation.gelu, error: (_, x) => (2.9e-7 / EPSILON) * Math.abs(x) },
  { name: 'silu', run: silu, expected: activation.silu, error: (y) => (1.8e-7 / EPSILON) * Math.abs(y) },
];

export function elementwiseCases(runtime: Runtime): Case[] {
  const values = seededRandom(SIZE).normals(SIZE, 2);
  const x = Tensor.from(runtime, values, [SIZE]);
  return functions.map(({ name, run, expected, error }) => ({
    name: `${name} ${SIZE}`,
    verify() {
      const exact = expected(values);
      const actual = runtime.scope(() => run(x).toFloat32Array());
      const errors = exact.map((y, i) => error(y, values[i]!));
      expectClose(name, actual, exact, errors);
    },
    run: () => runtime.scope(() => void run(x)),
    work: { bytes: { read: 4 * SIZE, written: 4 * SIZE } },
  }));
}
