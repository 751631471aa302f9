import { readFileSync } from 'node:fs';

/** The bytes of a built binary: 'simd', 'relaxed', 'simd.train' or 'relaxed.train'. */
export function binary(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../../build/wasm/${name}.wasm`, import.meta.url)));
}

/** The inference binary that every engine with SIMD compiles. */
export function simdModule(): WebAssembly.Module {
  return new WebAssembly.Module(binary('simd'));
}
