/** transformers.js on the WebAssembly backend that it has in browsers. */
import type { Contender } from '../case.ts';
import { joined } from './joined.ts';
import { versionOf } from './versions.ts';

const ENGINE = '@huggingface/transformers';

/** The key under which it looks for another onnxruntime than Node's native one. */
const RUNTIME = Symbol.for('onnxruntime');

/**
 * Embeds texts with `pipeline('feature-extraction')`.
 * @param folders where the model's folder lies
 * @param oneByOne whether each text has a call of its own: nothing is filled up then
 */
export function transformersJs(
  { folders, model }: { readonly folders: string; readonly model: string },
  texts: readonly string[],
  { oneByOne = false } = {},
): Contender {
  return {
    engine: ENGINE,
    version: versionOf(ENGINE),
    async prepare() {
      const ort = await import('onnxruntime-web');
      // It would fetch the binary from a content delivery network.
      const wasmPaths = new URL('../node_modules/onnxruntime-web/dist/', import.meta.url).href;
      Object.assign(ort.env.wasm, { numThreads: 1, wasmPaths });
      (globalThis as Record<symbol, unknown>)[RUNTIME] = ort;
      const { env, pipeline } = await import('@huggingface/transformers');
      Object.assign(env, { allowRemoteModels: false, localModelPath: folders });
      const extract = await pipeline('feature-extraction', model, { device: 'auto', dtype: 'fp32' });
      const vectors = async (some: readonly string[]): Promise<Float32Array> =>
        (await extract(some, { pooling: 'mean', normalize: true })).data;
      return {
        async run() {
          if (!oneByOne) return vectors(texts);
          const all: Float32Array[] = [];
          for (const text of texts) all.push(await vectors([text]));
          return joined(all);
        },
        dispose: () => extract.dispose(),
      };
    },
  };
}
