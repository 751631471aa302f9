/** For workerd, which runs WebAssembly only from modules. The binding MODEL may be the URL of a folder. */
import { createPronouncer } from 'heed/pronounce';
import wasm from 'heed/wasm/simd.wasm';
import { createApp } from './app.ts';
import { Embedder } from './embedder.ts';

// Less than the 128 MB that a worker may have, for both together.
const runtime = { module: wasm, variant: 'simd', maxMemoryBytes: 48 * 2 ** 20 } as const;
const embedder = new Embedder();
const app = createApp({ pronouncer: await createPronouncer(runtime), embedder });

export default {
  fetch(
    request: Request,
    env: { MODEL?: string },
    context: { waitUntil(work: Promise<void>): void; props: unknown; passThroughOnException(): void },
  ) {
    // Only requests may fetch: the first one begins.
    context.waitUntil(embedder.load(env.MODEL, { runtime }));
    return app.fetch(request, env, context);
  },
};
