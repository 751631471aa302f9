/** jax-js on its WebAssembly backend. Under Node it finds no workers, and has one thread. */
import * as jax from '@jax-js/jax';
import type { Contender } from '../case.ts';
import { versionOf } from './versions.ts';

export { jax };

const ENGINE = '@jax-js/jax';

/** `body` places weights and inputs, and returns what computes the result. */
export function jaxJs(body: () => () => jax.Array): Contender {
  return {
    engine: ENGINE,
    version: versionOf(ENGINE),
    async prepare() {
      await jax.init('wasm');
      jax.defaultDevice('wasm');
      const compute = body();
      return { run: () => compute().data() };
    },
  };
}
