/** TensorFlow.js on its WebAssembly backend (XNNPACK). Under Node that backend has one thread. */
import tf, { type Tensor } from '@tensorflow/tfjs';
import wasm from '@tensorflow/tfjs-backend-wasm';
import type { Contender, Prepared } from '../case.ts';
import { versionOf } from './versions.ts';

export { type Tensor, tf };

const ENGINE = '@tensorflow/tfjs-backend-wasm';

/** `body` places weights and inputs, and returns what computes the result, whose temporaries `tidy` frees. */
export function tensorflow(body: () => () => Tensor, arrange?: Prepared['arrange']): Contender {
  return {
    engine: ENGINE,
    version: versionOf(ENGINE),
    async prepare() {
      wasm.setThreadsCount(1);
      if (!(await tf.setBackend('wasm'))) throw new Error(`${ENGINE}: the wasm backend does not start`);
      await tf.ready();
      const compute = body();
      const run = (): Float32Array => {
        // Read outside: tidy searches what its body returns for tensors, number by number.
        const result = tf.tidy(compute);
        const values = result.dataSync();
        result.dispose();
        return values;
      };
      return { run, arrange };
    },
  };
}

/** Attention composed of products and a softmax: q, k and v [rows, heads * headSize]. */
export function tensorflowAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { rows, heads, headSize }: { rows: number; heads: number; headSize: number },
): Tensor {
  const split = (x: Tensor): Tensor => x.reshape([rows, heads, headSize]).transpose([1, 0, 2]);
  const scores = split(q).matMul(split(k), false, true);
  const weights = tf.softmax(scores.mul(1 / Math.sqrt(headSize)));
  return weights
    .matMul(split(v))
    .transpose([1, 0, 2])
    .reshape([rows, heads * headSize]);
}
