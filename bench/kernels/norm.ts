/** Layer norm and RMS norm over the rows of encoders. */
import { layerNorm, rmsNorm } from '../../src/ops/norm.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { EPSILON } from '../../tests/kernels/bounds.ts';
import * as reference from '../../tests/reference/norm.ts';
import { seededRandom } from '../../tests/support/random.ts';
import type { Case } from '../suite.ts';
import { expectClose } from './verify.ts';

const epsilon = 1e-5;

export function normCases(runtime: Runtime): Case[] {
  return [true, false].flatMap((centred) => [
    normCase(runtime, centred, 512, 768),
    normCase(runtime, centred, 128, 384),
  ]);
}

function normCase(runtime: Runtime, centred: boolean, rows: number, columns: number): Case {
  const random = seededRandom(rows);
  const values = random.normals(rows * columns);
  const [w, b] = [random.normals(columns), random.normals(columns)];
  const x = Tensor.from(runtime, values, [rows, columns]);
  const weight = Tensor.from(runtime, w, [columns]);
  const bias = Tensor.from(runtime, b, [columns]);
  const name = `${centred ? 'layer norm' : 'RMS norm'} ${rows} x ${columns}`;
  const run = (): Tensor =>
    centred ? layerNorm(x, { weight, bias, epsilon }) : rmsNorm(x, { weight, epsilon });
  return {
    name,
    verify() {
      const expected = centred
        ? reference.layerNorm(values, w, b, rows, columns, epsilon)
        : reference.rmsNorm(values, w, rows, columns, epsilon);
      const actual = runtime.scope(() => run().toFloat32Array());
      expectClose(name, actual, expected, errorOf(expected));
    },
    run: () => runtime.scope(() => void run()),
    work: { bytes: { read: 4 * x.size, written: 4 * x.size } },
  };

  /** The kernel's bound, in which mean |x| is at most the deviation here, and two roundings of weight and bias. */
  function errorOf(expected: Float64Array): Float64Array {
    const k = columns / 16 + 8;
    return expected.map((y, i) => {
      const [factor, start] = [Math.abs(w[i % columns]!), centred ? Math.abs(b[i % columns]!) : 0];
      const scaled = Math.abs(y) + start;
      return k * (scaled + (centred ? factor * (1 + 2 * k * EPSILON) : 0)) + 2 * (scaled + start);
    });
  }
}
