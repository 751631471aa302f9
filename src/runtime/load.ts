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
  return new Runtime(await loadModule(inferenceBinaries, options), await withVariant(options));
}

/**
 * Makes a runtime from an already compiled module, without awaiting: for AudioWorklets, and for workers that import a
 * `.wasm` file as a module.
 * @throws UnsupportedError when the module is not heed's, or of another release
 */
export function createRuntimeSync(options: { module: WebAssembly.Module; maxMemoryBytes?: number }): Runtime {
  if (!(options?.module instanceof WebAssembly.Module)) {
    throw new ArgumentError(
      `createRuntimeSync: module must be a WebAssembly.Module, got ${typeof options?.module}`,
    );
  }
  return new Runtime(options.module, options);
}

/** Options with the variant filled in (left open where a module of unknown variant is given). */
export async function withVariant(
  options: RuntimeOptions,
): Promise<{ variant?: Variant; maxMemoryBytes?: number }> {
  const { module, variant, maxMemoryBytes } = options;
  return { variant: module ? variant : await chooseVariant(variant), maxMemoryBytes };
}

/** Compiles the chosen embedded binary, or returns the given module. */
export async function loadModule(
  binaries: EmbeddedBinaries,
  options: RuntimeOptions,
): Promise<WebAssembly.Module> {
  if (options.module) return options.module;
  const { default: base64 } = await binaries[await chooseVariant(options.variant)]();
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return WebAssembly.compile(bytes);
}

async function chooseVariant(forced: Variant | undefined): Promise<Variant> {
  if (forced === undefined) return detectVariant();
  if (!variants.includes(forced)) {
    throw new ArgumentError(
      `createRuntime: variant must be one of ${variants.join(', ')}, got ${String(forced)}`,
    );
  }
  if (!(await supports(forced)))
    throw new UnsupportedError(`createRuntime: this engine does not run the ${forced} variant`);
  return forced;
}
