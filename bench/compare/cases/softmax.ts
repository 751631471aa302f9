/** Softmax of each row. */
import { softmax } from '../../../tests/reference/softmax.ts';
import { seededRandom } from '../../../tests/support/random.ts';
import type { Case } from '../case.ts';
import { heed, heedContender } from '../engines/heed.ts';
import { jax, jaxJs } from '../engines/jax.ts';
import { type GraphRun, onnxNative, onnxWeb } from '../engines/onnxruntime.ts';
import { tensorflow, tf } from '../engines/tensorflow.ts';
import { EPSILON } from '../tolerance.ts';

export function softmaxCases(): Case[] {
  return [softmaxCase(1024, 128), softmaxCase(128, 1024)];
}

function softmaxCase(rows: number, columns: number): Case {
  const values = seededRandom(rows).normals(rows * columns, 3);
  const shape = [rows, columns];
  const graph: GraphRun = {
    graph: {
      inputs: { x: shape },
      output: { name: 'y', shape },
      weights: {},
      operators: [{ type: 'Softmax', inputs: ['x'], output: 'y', attributes: { axis: -1 } }],
    },
    feeds: { x: values },
  };
  return {
    name: `softmax ${rows}x${columns}`,
    expected: () => softmax(values, null, null, rows, columns),
    // A sum of `columns` terms, an exponential of a difference as large as 30, and a division.
    tolerance: (columns + 2 * 30 + 4) * EPSILON,
    heed: heedContender((runtime) => {
      const x = heed.Tensor.from(runtime, values, shape);
      return () => heed.softmax(x);
    }),
    peers: [
      onnxWeb(graph),
      tensorflow(() => {
        const x = tf.tensor(values, shape);
        return () => tf.softmax(x);
      }),
      jaxJs(() => {
        const x = jax.numpy.array(values).reshape(shape);
        const compute = jax.jit((a: jax.Array) => jax.nn.softmax(a, -1));
        return () => compute(x.ref);
      }),
      onnxNative(graph),
    ],
  };
}
