import { ArgumentError, UnsupportedError } from '../errors.ts';
import { Runtime } from './runtime.ts';
import { detectVariant, supports, type Variant, variants } from './variant.ts';

/** What `createRuntime` takes; everything has a default. */
export interface RuntimeOptions {
  /** Forces an instruction set instead of the best that the engine has. */
  readonly variant?: Variant;
  /** A compiled module, where the host forbids compiling bytes (workerd: `import wasm from 'heed/wasm/simd.wasm'`). */
  readonly module?: WebAssembly.Module;
  /** Limit of linear memory in bytes; 4 GiB by default. */
  readonly maxMemoryBytes?: number;
}

/** Base64 of a binary, loaded when first asked for. */
export type EmbeddedBinaries = Readonly<Record<Variant, () => Promise<{ default: string }>>>;

const inferenceBinaries: EmbeddedBinaries = {
  simd: () => import('../../build/wasm/simd.js'),
  relaxed: () => import('../../build/wasm/relaxed.js'),
};

/**
 * Makes a runtime with the best binary for this engine: nothing to configure.
 * @throws UnsupportedError without WebAssembly SIMD, or when the forced variant is not supported here
 * @throws ArgumentError for an unknown variant
 */
export async function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const { module, variant } = await loadBinary(inferenceBinaries, options);
  return new Runtime(module, { variant, maxMemoryBytes: options.maxMemoryBytes });
}

/**
 * Makes a runtime from an already compiled module, without awaiting: for AudioWorklets, and for workers that import a
 * `.wasm` file as a module.
 * @throws UnsupportedError when the module is not heed's, or of another release
 */
export function createRuntimeSync(options: { module: WebAssembly.Module; maxMemoryBytes?: number }): Runtime {
  checkModule('createRuntimeSync', options?.module);
  return new Runtime(options.module, options);
}

/**
 * Compiles the best (or the forced) embedded binary, or takes the given module, whose variant only the caller knows.
 * @throws UnsupportedError, ArgumentError
 */
export async function loadBinary(
  binaries: EmbeddedBinaries,
  options: RuntimeOptions,
): Promise<{ module: WebAssembly.Module; variant: Variant | undefined }> {
  if (options.variant !== undefined) checkVariant(options.variant);
  if (options.module !== undefined) {
    checkModule('createRuntime', options.module);
    return { module: options.module, variant: options.variant };
  }
  const variant = await chooseVariant(options.variant);
  const { default: base64 } = await binaries[variant]();
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return { module: await WebAssembly.compile(bytes), variant };
}

async function chooseVariant(forced: Variant | undefined): Promise<Variant> {
  if (forced === undefined) return detectVariant();
  if (!(await supports(forced))) {
    throw new UnsupportedError(`createRuntime: this engine does not run the ${forced} variant`);
  }
  return forced;
}

function checkVariant(variant: Variant): void {
  if (!variants.includes(variant)) {
    throw new ArgumentError(
      `createRuntime: variant must be one of ${variants.join(', ')}, got ${String(variant)}`,
    );
  }
}

function checkModule(where: string, module: unknown): void {
  if (!(module instanceof WebAssembly.Module)) {
    throw new ArgumentError(`${where}: module must be a WebAssembly.Module, got ${typeof module}`);
  }
}
