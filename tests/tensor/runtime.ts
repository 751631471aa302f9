import { readFileSync } from 'node:fs';
import { createRuntimeSync } from '../../src/runtime/load.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';

/** A runtime of this file's own, on the binary that every engine with SIMD compiles, limited to 256 MB. */
export function testRuntime(): Runtime {
  const bytes = readFileSync(new URL('../../build/wasm/simd.wasm', import.meta.url));
  return createRuntimeSync({ module: new WebAssembly.Module(bytes), maxMemoryBytes: 2 ** 28 });
}
