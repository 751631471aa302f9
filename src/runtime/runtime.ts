import { ArgumentError, UnsupportedError } from '../errors.ts';
import { Arena, Storage } from '../memory/arena.ts';
import { ABI_VERSION, type GradientKernels, type InferenceKernels, type TrainingKernels } from './abi.ts';
import { checkMaxMemory, createMemory } from './linearMemory.ts';
import { candidates, isTimed, type MicroKernel, microKernels, onTrial } from './microKernel.ts';
import type { Cut } from './threadProtocol.ts';
import type { ThreadPool } from './threads.ts';
import type { Variant } from './variant.ts';

/** What a scope can find in a returned value and keep: tensors and whatever else owns a block. */
export interface OwnsStorage {
  readonly storage: Storage;
}

/** What a runtime is made of; `createRuntime` puts it together. */
export interface RuntimeParts {
  /** The module's instruction set, where it is known. */
  readonly variant?: Variant;
  /** Limit of linear memory, in bytes. */
  readonly maxMemoryBytes?: number;
  /** Forces a micro-kernel instead of timing them. */
  readonly microKernel?: MicroKernel;
  /** Memory that other threads share; the runtime's own by default. */
  readonly memory?: WebAssembly.Memory;
  /** Threads over that memory. */
  readonly pool?: ThreadPool;
}

/** Fewer multiplications than these are done before another thread has woken up. */
const WORTH_SPLITTING = 2 ** 18;
/** Shares for each thread: enough that one which is interrupted holds the others up for little. */
const SHARES_PER_THREAD = 8;

/**
 * One instance of a binary with its own linear memory. Several can live side by side; nothing is shared.
 * Made by `createRuntime`, `createRuntimeSync` or `trainingRuntime`.
 */
export class Runtime {
  /** The instruction set of the binary, or undefined where a module of unknown variant was given. */
  readonly variant: Variant | undefined;
  readonly memory: Arena;
  /** Held for autograd while it records; opaque here. */
  tape: unknown;
  #kernels: InferenceKernels;
  #microKernel: MicroKernel | undefined;
  #pool: ThreadPool | undefined;
  #scope: Set<Storage> | undefined;

  constructor(module: WebAssembly.Module, parts: RuntimeParts = {}) {
    const { variant, maxMemoryBytes, microKernel, pool } = parts;
    checkMaxMemory(maxMemoryBytes);
    checkImports(module);
    const memory = parts.memory ?? createMemory(maxMemoryBytes);
    const instances = Object.fromEntries(
      microKernels.map((each, number) => [each, instantiate(module, memory, number)]),
    ) as Record<MicroKernel, InferenceKernels>;
    this.variant = variant;
    this.memory = new Arena(memory, instances.loads.heap_base(), maxMemoryBytes);
    this.#pool = pool;
    const settle = (chosen: MicroKernel): void => {
      this.#microKernel = chosen;
      this.#kernels = instances[chosen];
    };
    this.#kernels = onTrial(instances, candidates(variant), settle);
    if (microKernel !== undefined) settle(microKernel);
  }

  /** The binary's kernels, for ops. Take them anew for each use: they change when the best micro-kernel is known. */
  get kernels(): InferenceKernels {
    return this.#kernels;
  }

  /** How matrix products read their left side; undefined until the first large ones were timed. */
  get microKernel(): MicroKernel | undefined {
    return this.#microKernel;
  }

  /** How many threads work on a large kernel call; 1 where the host has no shared memory or no workers. */
  get threads(): number {
    return this.#pool?.size ?? 1;
  }

  /**
   * Calls a kernel, split over the threads when that is worth it. Every share must compute what the whole call would
   * have: results do not depend on the number of threads.
   * @param work multiplications of the whole call, or what takes as long
   * @param cut how the call may be split: `grain` is what shares must be multiples of
   */
  call(
    kernel: keyof TrainingKernels,
    values: readonly number[],
    work: number,
    { grain, ...cut }: Omit<Cut, 'share'> & { readonly grain: number },
  ): void {
    const pool = this.#pool;
    const total = values[cut.argument]!;
    const share = grain * Math.ceil(total / grain / (this.threads * SHARES_PER_THREAD));
    // What is being timed is timed on one thread.
    const timed =
      this.#microKernel === undefined &&
      kernel === 'f32_matmul' &&
      isTimed(values[4]!, values[5]!, values[6]!);
    if (!pool || timed || work < WORTH_SPLITTING || share >= total) {
      ((this.#kernels as TrainingKernels)[kernel] as (...values: readonly number[]) => void)(...values);
    } else {
      pool.run(kernel, microKernels.indexOf(this.#microKernel ?? 'loads'), values, { ...cut, share });
    }
  }

  /** The training binary's kernels. @throws UnsupportedError on an inference binary. */
  get trainingKernels(): TrainingKernels {
    const kernels = this.#kernels as InferenceKernels & Partial<GradientKernels>;
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
    this.#pool?.dispose();
    this.#pool = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What every binary of heed imports. */
const IMPORTS = 'global env.microKernel, memory env.memory';

function checkImports(module: WebAssembly.Module): void {
  const imports = WebAssembly.Module.imports(module)
    .map(({ kind, module: from, name }) => `${kind} ${from}.${name}`)
    .sort()
    .join(', ');
  if (imports !== IMPORTS) {
    throw new UnsupportedError(
      `createRuntime: module is not a binary of this release of heed: it imports ${imports || 'nothing'}, expected ${IMPORTS}`,
    );
  }
}

/** @throws UnsupportedError for another release's binary, or something else's */
function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  microKernel: number,
): InferenceKernels {
  let kernels: InferenceKernels;
  let version: number | undefined;
  try {
    // Not AssemblyScript's loader: it wants a TextDecoder, which audio worklets lack.
    const { exports } = new WebAssembly.Instance(module, { env: { memory, microKernel } });
    kernels = exports as unknown as InferenceKernels;
    version = typeof kernels.abi_version === 'function' ? kernels.abi_version() : undefined;
  } catch (error) {
    // Imports of our names and other types, or what traps when it starts.
    throw new UnsupportedError(
      `createRuntime: module is not a binary of this release of heed: ${(error as Error).message}`,
      { cause: error },
    );
  }
  if (version !== ABI_VERSION) {
    throw new UnsupportedError(
      `createRuntime: module has ABI version ${version ?? 'none'}, this release of heed needs ${ABI_VERSION}; use the .wasm file of the same release`,
    );
  }
  if (typeof kernels.heap_base !== 'function') {
    throw new UnsupportedError('createRuntime: module is not a binary of heed: it lacks heap_base');
  }
  return kernels;
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
