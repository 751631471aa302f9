import { UnsupportedError } from '../errors.ts';

/** Magic number and version: the smallest module. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/**
 * Compiles a binary.
 * @throws UnsupportedError where a policy forbids WebAssembly
 * @see https://w3c.github.io/webappsec-csp/#directive-script-src
 */
export async function compile(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    if (await compilesAnything()) throw error;
    throw new UnsupportedError(
      "createRuntime: this host forbids compiling WebAssembly; a page must have 'wasm-unsafe-eval' in script-src of its Content-Security-Policy, an edge worker must import the .wasm file (heed/wasm/*) and give it as `module`",
      { cause: error },
    );
  }
}

/** Engines word their refusals differently, and may change them; none compiles even the smallest module then. */
async function compilesAnything(): Promise<boolean> {
  try {
    await WebAssembly.compile(EMPTY_MODULE);
    return true;
  } catch {
    return false;
  }
}
