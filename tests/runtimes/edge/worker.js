// A worker as an edge host runs it: heed's files are modules beside it, and so are the binaries, already compiled.
import * as heed from './heed/index.js';
import * as models from './heed/models.js';
import * as pipeline from './heed/pipeline.js';
import * as plot from './heed/plot.js';
import * as pretrained from './heed/pretrained.js';
import * as pronounce from './heed/pronounce.js';
import * as train from './heed/train.js';
import relaxed from './heed/wasm/relaxed.wasm';
import trainable from './heed/wasm/simd.train.wasm';
import simd from './heed/wasm/simd.wasm';
import { runSuite } from './suite/index.js';

const entries = { heed, models, train, plot, pronounce, pretrained, pipeline };
const globals = Object.getOwnPropertyNames(globalThis);

const routes = {
  '/suite': ({ expected }) =>
    runSuite(entries, {
      ...{ threads: false, variant: 'simd', texts: true, globals, expected },
      runtimeOptions: { module: simd },
      trainingOptions: { module: trainable },
    }),
  '/relaxed': async () => {
    const runtime = await heed.createRuntime({ module: relaxed, variant: 'relaxed', threads: 2 });
    const x = heed.Tensor.from(runtime, [1, 2, 3, 4], [2, 2]);
    const product = [...heed.matmul(x, x).toArray()];
    runtime.dispose();
    return { variant: runtime.variant, threads: runtime.threads, product };
  },
  // What is forbidden here: heed must do without, and say so where it cannot.
  '/compile': () => heed.createRuntime(),
  '/file': () => pretrained.openModelFolder('./models/bert'),
  '/eval': () => new Function('return 1')(),
  '/fetch': (_, { origin }) => fetch(`${origin}/relaxed`),
};

export default {
  async fetch(request) {
    const url = new URL(request.url);
    try {
      const body = request.method === 'POST' ? await request.json() : {};
      return Response.json(await routes[url.pathname](body, url));
    } catch ({ name, message, stack }) {
      return Response.json({ name, message, stack }, { status: 500 });
    }
  },
};
