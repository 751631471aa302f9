/** onnxruntime on WebAssembly (onnxruntime-web) and native (onnxruntime-node, the outer limit). */
import nativeRuntime from 'onnxruntime-node';
import * as webRuntime from 'onnxruntime-web';
import type { Contender, Prepared } from '../case.ts';
import { type Graph, writeModel } from '../onnx.ts';
import { versionOf } from './versions.ts';

/** How a graph whose sizes are fixed is run. */
export interface GraphRun {
  readonly graph: Graph & { readonly inputs: Readonly<Record<string, readonly number[]>> };
  readonly feeds: Readonly<Record<string, Float32Array>>;
  readonly arrange?: Prepared['arrange'];
}

/** Threads of onnxruntime-web are the process's: they are set before its first session. */
export function setWebThreads(threads: number): void {
  webRuntime.env.wasm.numThreads = threads;
  webRuntime.env.logLevel = 'error';
}

function contender(
  engine: string,
  ort: typeof webRuntime,
  options: object,
  { graph, feeds, arrange }: GraphRun,
): Contender {
  return {
    engine,
    version: versionOf(engine),
    async prepare() {
      const session = await ort.InferenceSession.create(writeModel(graph), {
        graphOptimizationLevel: 'all',
        ...options,
      });
      // onnxruntime-web leaves a global Worker behind, from which jax-js concludes that it runs in a browser.
      if (ort.env.wasm.numThreads === 1) Reflect.deleteProperty(globalThis, 'Worker');
      const tensors = Object.fromEntries(
        Object.entries(graph.inputs).map(([name, shape]) => [
          name,
          new ort.Tensor('float32', feeds[name]!, shape),
        ]),
      );
      const run = async (): Promise<Float32Array> => (await session.run(tensors))[graph.output.name]!.data;
      return { run, arrange, dispose: () => session.release() };
    },
  };
}

/** A graph on WebAssembly. */
export const onnxWeb = (run: GraphRun): Contender => contender('onnxruntime-web', webRuntime, {}, run);

/** A graph on the native library: what the machine gives with all its instructions. */
export const onnxNative = (run: GraphRun, threads = 1): Contender =>
  contender(
    'onnxruntime-node',
    nativeRuntime,
    { intraOpNumThreads: threads, interOpNumThreads: 1, executionProviders: ['cpu'] },
    run,
  );
