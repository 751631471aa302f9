/** Stands in for binaries.ts in `heed/assets`. Paths are as seen from there, literal for bundlers to recognise. */
import { readAsset } from './asset.ts';
import type { Binaries } from './binaries.ts';

export const inferenceBinaries: Binaries = {
  simd: () => readAsset(new URL('../wasm/simd.wasm', import.meta.url)),
  relaxed: () => readAsset(new URL('../wasm/relaxed.wasm', import.meta.url)),
};
