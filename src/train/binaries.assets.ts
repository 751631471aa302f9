/** Stands in for binaries.ts in `heed/assets`. Paths are as seen from there, literal for bundlers to recognise. */
import { readAsset } from '../runtime/asset.ts';
import type { Binaries } from '../runtime/binaries.ts';

export const trainingBinaries: Binaries = {
  simd: () => readAsset(new URL('../wasm/simd.train.wasm', import.meta.url)),
  relaxed: () => readAsset(new URL('../wasm/relaxed.train.wasm', import.meta.url)),
};
