/** Stands in for weights.ts in `heed/assets`. The path is as seen from there, literal for bundlers to recognise. */
import { readAsset } from '../runtime/asset.ts';

/** The safetensors file that is shipped. @throws NetworkError */
export function shippedWeights(): Promise<Uint8Array<ArrayBuffer>> {
  return readAsset(new URL('../weights/pronounce.safetensors', import.meta.url));
}
