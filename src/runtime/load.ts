import { ArgumentError, UnsupportedError } from '../errors.ts';
import { type Binaries, inferenceBinaries } from './binaries.ts';
import { compile } from './compile.ts';
import { checkMaxMemory, createMemory, importingSharedMemory } from './linearMemory.ts';
import { type MicroKernel, microKernels } from './microKernel.ts';
import { Runtime, type RuntimeParts } from './runtime.ts';
import type { ThreadPool } from './threads.ts';
import { detectVariant, supports, type Variant, variants } from './variant.ts';

/** What `createRuntime` takes; everything has a default. */
export interface RuntimeOptions {
  /** Forces an instruction set instead of the best that the engine has. */
  readonly variant?: Variant;
  /** A compiled module, where the host forbids compiling bytes (workerd: `import wasm from 'heed/wasm/simd.wasm'`). */
  readonly module?: WebAssembly.Module;
  /** Limit of linear memory in bytes; 4 GiB by default. */
  readonly maxMemoryBytes?: number;
  /**
   * Threads that large kernel calls are split over, this one included; 1 by default. Results do not depend on it. Where
   * the host has no shared memory (a page that is not cross-origin isolated) or no workers, and for a given `module`,
   * one thread does the work: `runtime.threads` tells.
   */
  readonly threads?: number;
  /** Forces how the matrix product reads its left side; by default the first large products are timed. */
  readonly microKernel?: MicroKernel;
}

/**
 * Makes a runtime with the best binary for this engine: nothing to configure.
 * @throws UnsupportedError without WebAssembly SIMD, when the forced variant is not supported here, where a policy forbids
 *   compiling, and in service workers and worklets, where import() is forbidden (`heed/assets` and `heed/single` do without)
 * @throws ArgumentError for an unknown variant or micro-kernel, or a number of threads that is not a positive integer
 */
export async function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const { module, ...parts } = await loadBinary(inferenceBinaries, options);
  return new Runtime(module, parts);
}

/**
 * Makes a runtime from an already compiled module, without awaiting: for AudioWorklets, and for workers that import a
 * `.wasm` file as a module.
 * @throws UnsupportedError when the module is not heed's, or of another release
 */
export function createRuntimeSync(
  options: Pick<RuntimeOptions, 'maxMemoryBytes' | 'microKernel'> & { readonly module: WebAssembly.Module },
): Runtime {
  checkModule('createRuntimeSync', options?.module);
  const { module, maxMemoryBytes, microKernel } = options;
  if (microKernel !== undefined) checkOneOf('createRuntimeSync', 'microKernel', microKernel, microKernels);
  return new Runtime(module, { maxMemoryBytes, microKernel });
}

/**
 * Compiles the best (or the forced) binary, or takes the given module, whose variant only the caller knows;
 * starts the threads that were asked for.
 * @throws UnsupportedError, ArgumentError
 */
export async function loadBinary(
  binaries: Binaries,
  options: RuntimeOptions,
): Promise<RuntimeParts & { readonly module: WebAssembly.Module }> {
  const { maxMemoryBytes, microKernel, threads = 1 } = options;
  if (options.variant !== undefined) checkOneOf('createRuntime', 'variant', options.variant, variants);
  if (microKernel !== undefined) checkOneOf('createRuntime', 'microKernel', microKernel, microKernels);
  if (!(Number.isInteger(threads) && threads > 0)) {
    throw new ArgumentError(`createRuntime: threads must be a positive integer, got ${threads}`);
  }
  // Before any thread is started: nobody would end them.
  checkMaxMemory(maxMemoryBytes);
  if (options.module !== undefined) {
    checkModule('createRuntime', options.module);
    return { module: options.module, variant: options.variant, maxMemoryBytes, microKernel };
  }
  const variant = await chooseVariant(options.variant);
  const bytes = await binaries[variant]();
  const parts = { variant, maxMemoryBytes, microKernel };
  const shared = threads > 1 ? await startThreads(bytes, threads, maxMemoryBytes) : undefined;
  return { ...parts, ...(shared ?? { module: await compile(bytes) }) };
}

/** @returns undefined where memory cannot be shared, or there are no workers to share it with */
async function startThreads(
  bytes: Uint8Array<ArrayBuffer>,
  threads: number,
  maxMemoryBytes: number | undefined,
): Promise<{ module: WebAssembly.Module; memory: WebAssembly.Memory; pool: ThreadPool } | undefined> {
  // A page without isolation may have the constructor, and still not share what it makes.
  if (globalThis.crossOriginIsolated === false) return undefined;
  try {
    const memory = createMemory(maxMemoryBytes, true);
    const module = await WebAssembly.compile(importingSharedMemory(bytes));
    // Only who asks for threads loads what runs them.
    const [{ ThreadPool }, { default: source }] = await Promise.all([
      import('./threads.ts'),
      import('../../build/thread.js'),
    ]);
    const pool = await ThreadPool.start(source, module, memory, microKernels.length, threads);
    return pool && { module, memory, pool };
  } catch {
    return undefined;
  }
}

async function chooseVariant(forced: Variant | undefined): Promise<Variant> {
  if (forced === undefined) return detectVariant();
  if (!(await supports(forced))) {
    throw new UnsupportedError(`createRuntime: this engine does not run the ${forced} variant`);
  }
  return forced;
}

function checkOneOf(where: string, argument: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) {
    throw new ArgumentError(
      `${where}: ${argument} must be one of ${allowed.join(', ')}, got ${String(value)}`,
    );
  }
}

function checkModule(where: string, module: unknown): void {
  if (!(module instanceof WebAssembly.Module)) {
    throw new ArgumentError(`${where}: module must be a WebAssembly.Module, got ${typeof module}`);
  }
}
