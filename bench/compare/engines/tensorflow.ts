/** TensorFlow.js on its WebAssembly backend (XNNPACK). Under Node that backend has one thread. */
import tf, { type Tensor } from '@tensorflow/tfjs';
import wasm from '@tensorflow/tfjs-backend-wasm';
import type { Contender, Prepared } from '../case.ts';
import { versionOf } from './versions.ts';

export { tf };

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
      return { run: () => tf.tidy(() => compute().dataSync()), arrange };
    },
  };
}
