/** Softmax and log-softmax, of many short rows and of few long ones. */
import { logSoftmax, softmax } from '../../src/ops/softmax.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { softmaxError } from '../../tests/kernels/bounds.ts';
import * as reference from '../../tests/reference/softmax.ts';
import { seededRandom } from '../../tests/support/random.ts';
import type { Case } from '../suite.ts';
import { expectClose } from './verify.ts';

export function softmaxCases(runtime: Runtime): Case[] {
  return [false, true].flatMap((log) => [
    softmaxCase(runtime, log, 1024, 128),
    softmaxCase(runtime, log, 128, 1024),
  ]);
}

function softmaxCase(runtime: Runtime, log: boolean, rows: number, columns: number): Case {
  const values = seededRandom(rows).normals(rows * columns, 3);
  const x = Tensor.from(runtime, values, [rows, columns]);
  const name = `${log ? 'log-softmax' : 'softmax'} ${rows} x ${columns}`;
  const run = log ? logSoftmax : softmax;
  return {
    name,
    verify() {
      const expected = (log ? reference.logSoftmax : reference.softmax)(values, null, null, rows, columns);
      const error = softmaxError(values, null, null, rows, columns, 1, 1, log);
      const actual = runtime.scope(() => run(x).toFloat32Array());
      expectClose(name, actual, expected, error);
    },
    run: () => runtime.scope(() => void run(x)),
    work: { bytes: { read: 4 * x.size, written: 4 * x.size } },
  };
}
