/** Where `createRuntime` takes its binary. `heed/assets` has binaries.assets.ts instead. */
import { decodeHex } from './hex.ts';
import { imported } from './imported.ts';
import type { Variant } from './variant.ts';

/** The bytes of each binary, loaded when first asked for. */
export type Binaries = Readonly<Record<Variant, () => Promise<Uint8Array<ArrayBuffer>>>>;

export const inferenceBinaries: Binaries = {
  simd: async () => decodeHex(await imported(import('../../build/wasm/simd.js'))),
  relaxed: async () => decodeHex(await imported(import('../../build/wasm/relaxed.js'))),
};
