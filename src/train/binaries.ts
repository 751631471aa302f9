/** Where `trainingRuntime` takes its binary. `heed/assets` has binaries.assets.ts instead. */
import type { Binaries } from '../runtime/binaries.ts';
import { decodeHex } from '../runtime/hex.ts';
import { imported } from '../runtime/imported.ts';

export const trainingBinaries: Binaries = {
  simd: async () => decodeHex(await imported(import('../../build/wasm/simd.train.js'))),
  relaxed: async () => decodeHex(await imported(import('../../build/wasm/relaxed.train.js'))),
};
