import { instantiateSync } from '@assemblyscript/loader';
import { ArgumentError, UnsupportedError } from '../errors.ts';
import { Arena, Storage } from '../memory/arena.ts';
import { ABI_VERSION, type GradientKernels, type InferenceKernels, type TrainingKernels } from './abi.ts';
import type { Variant } from './variant.ts';

/** What a scope can find in a returned value and keep: tensors and whatever else owns a block. */
export interface OwnsStorage {
  readonly storage: Storage;
}

/**
 * One instance of a binary with its own linear memory. Several can live side by side; nothing is shared.
 * Made by `createRuntime`, `createRuntimeSync` or `trainingRuntime`.
 */
export class Runtime {
  /** The instruction set of the binary, or undefined where a module of unknown variant was given. */
  readonly variant: Variant | undefined;
  /** The binary's kernels, for ops. */
  readonly kernels: InferenceKernels;
  readonly memory: Arena;
  /** Held for autograd while it records; opaque here. */
  tape: unknown;
  #scope: Set<Storage> | undefined;

  constructor(module: WebAssembly.Module, options: { variant?: Variant; maxMemoryBytes?: number } = {}) {
    const { variant, maxMemoryBytes } = options;
    if (maxMemoryBytes !== undefined && !(maxMemoryBytes > 0)) {
      throw new ArgumentError(`createRuntime: maxMemoryBytes must be positive, got ${maxMemoryBytes}`);
    }
    if (WebAssembly.Module.imports(module).length > 0) {
      throw new UnsupportedError('createRuntime: module is not a binary of heed: it has imports');
    }
    const exports = instantiateSync<Record<string, unknown>>(module, {})
      .exports as unknown as InferenceKernels;
    const version = typeof exports.abi_version === 'function' ? exports.abi_version() : undefined;
    if (version !== ABI_VERSION) {
      throw new UnsupportedError(
        `createRuntime: module has ABI version ${version ?? 'none'}, this release of heed needs ${ABI_VERSION}; use the .wasm file of the same release`,
      );
    }
    if (typeof exports.heap_base !== 'function' || !(exports.memory instanceof WebAssembly.Memory)) {
      throw new UnsupportedError(
        'createRuntime: module is not a binary of heed: it lacks heap_base or memory',
      );
    }
    this.variant = variant;
    this.kernels = exports;
    this.memory = new Arena(exports.memory, exports.heap_base(), maxMemoryBytes);
  }

  /** The training binary's kernels. @throws UnsupportedError on an inference binary. */
  get trainingKernels(): TrainingKernels {
    const kernels = this.kernels as InferenceKernels & Partial<GradientKernels>;
    if (!kernels.f32_adam) {
      throw new UnsupportedError(
        'runtime: gradients need the training binary; make the runtime with trainingRuntime()',
      );
    }
    return kernels as TrainingKernels;
  }

  /** Allocates a block in the current scope. @throws OutOfMemoryError */
  allocate(bytes: number): Storage {
    const storage = this.memory.allocate(bytes);
    this.#scope?.add(storage);
    return storage;
  }

  /**
   * Runs `body` and frees every tensor made in it, also when it throws, except those in its result (a tensor, or an
   * array, map or plain object of them, nested), which pass to the enclosing scope or, outside any, to the caller.
   * While gradients are recorded, temporaries live until the recording ends.
   */
  scope<Result>(body: () => Result): Result {
    if (this.tape !== undefined) return body();
    const outer = this.#scope;
    const own = new Set<Storage>();
    this.#scope = own;
    try {
      const result = body();
      if (result instanceof Promise) {
        // What it awaited is gone: its own failure would be reported a second time, as unhandled.
        result.catch(() => {});
        throw new ArgumentError('scope: the body must be synchronous, got an async function');
      }
      forEachStorage(result, (storage) => {
        if (own.delete(storage)) outer?.add(storage);
      });
      return result;
    } finally {
      this.#scope = outer;
      for (const storage of own) storage.dispose();
    }
  }

  /** Releases everything. Tensors, layers and models of this runtime throw DisposedError from then on. */
  dispose(): void {
    this.memory.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Visits the storages inside a value: through arrays, maps and plain objects. */
function forEachStorage(value: unknown, visit: (storage: Storage) => void): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  const storage = (value as Partial<OwnsStorage>).storage;
  if (storage instanceof Storage) visit(storage);
  else if (Array.isArray(value) || value instanceof Map)
    for (const each of value.values()) forEachStorage(each, visit);
  else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const each of Object.values(value)) forEachStorage(each, visit);
  }
}
