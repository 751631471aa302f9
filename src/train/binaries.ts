/** Where `trainingRuntime` takes its binary. `heed/assets` has binaries.assets.ts instead. */
import type { Binaries } from '../runtime/binaries.ts';
import { decodeHex } from '../runtime/hex.ts';

export const trainingBinaries: Binaries = {
  simd: async () => decodeHex((await import('../../build/wasm/simd.train.js')).default),
  relaxed: async () => decodeHex((await import('../../build/wasm/relaxed.train.js')).default),
};
