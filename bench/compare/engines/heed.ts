/** heed as its users have it: the built package. */
import type { Runtime, RuntimeOptions, Tensor, WeightSource } from '../../../src/index.ts';
import type { Contender, Prepared } from '../case.ts';
import { joined } from './joined.ts';
import { versionOf } from './versions.ts';

type Package = typeof import('../../../src/index.ts');

const dist = new URL('../../../dist/index.js', import.meta.url);
export const heed: Package = await import(dist.href);
const pretrained: typeof import('../../../src/pretrained.ts') = await import(
  new URL('pretrained.js', dist).href
);

export type RuntimeChoice = Pick<RuntimeOptions, 'variant' | 'threads' | 'microKernel'>;

/**
 * heed in a case, on a runtime of its own. `body` places weights and inputs, and returns what computes the result; that
 * runs in a scope, and its output is copied out.
 */
export function heedContender(
  body: (runtime: Runtime) => () => Tensor,
  choice: RuntimeChoice = {},
): Contender {
  return {
    engine: 'heed',
    version: versionOf('heed'),
    async prepare(): Promise<Prepared> {
      const runtime = await createRuntime(choice);
      const compute = body(runtime);
      return {
        run: () => runtime.scope(() => compute().toFloat32Array()),
        dispose: () => runtime.dispose(),
      };
    },
  };
}

/** `embed` of a model's folder, one call for all texts. */
export function heedEmbedder(folder: string, texts: readonly string[]): Contender {
  return {
    engine: 'heed',
    version: versionOf('heed'),
    async prepare() {
      const runtime = await createRuntime({});
      const model = await pretrained.loadModel(runtime, folder);
      return {
        run: async () => joined(await pretrained.embed(model, texts)),
        dispose: () => runtime.dispose(),
      };
    },
  };
}

async function createRuntime(choice: RuntimeChoice): Promise<Runtime> {
  const runtime = await heed.createRuntime(choice);
  const { threads = 1 } = choice;
  if (runtime.threads === threads) return runtime;
  runtime.dispose();
  throw new Error(`heed: asked for ${threads} threads, got ${runtime.threads}`);
}

/** Named f32 tensors as a file's reader would give them. */
export function weightSource(
  tensors: Readonly<Record<string, { shape: readonly number[]; data: Float32Array }>>,
): WeightSource {
  return {
    metadata: {},
    names: () => Object.keys(tensors),
    get(name) {
      const tensor = tensors[name];
      if (!tensor) return undefined;
      const { shape, data } = tensor;
      return { dtype: 'F32', shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
    },
  };
}

/** One of heed's encoder layers, with PyTorch's names and layouts. */
export function encoderLayer(
  runtime: Runtime,
  weights: WeightSource,
  config: { modelSize: number; heads: number; feedForwardSize: number },
): (x: Tensor) => Tensor {
  const layer = heed.TransformerEncoderLayer.load(runtime, weights, { ...config, activation: 'gelu' });
  return (x) => layer.forward(x).output;
}
