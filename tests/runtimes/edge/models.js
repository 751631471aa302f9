// Loads a model from wherever requests go to, and embeds ids.
import { createRuntime } from './heed/index.js';
import { embed, loadModel } from './heed/pretrained.js';
import module from './heed/wasm/simd.wasm';

export default {
  async fetch(request) {
    if (new URL(request.url).pathname !== '/embed') return new Response('no such path', { status: 404 });
    const runtime = await createRuntime({ module });
    try {
      const { usedBytes } = runtime.memory;
      const model = await loadModel(runtime, 'http://models/bert');
      const [vector] = await embed(model, [[2, 5, 6, 7, 3]]);
      model.dispose();
      const { name } = await loadModel(runtime, 'http://models/none').catch((error) => error);
      return Response.json({
        vector: [...vector],
        missing: name,
        left: runtime.memory.usedBytes - usedBytes,
      });
    } finally {
      runtime.dispose();
    }
  },
};
