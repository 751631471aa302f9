/** Where `createPronouncer` takes its weights. `heed/assets` has weights.assets.ts instead. */
import { decodeBase64 } from './base64.ts';

/** The safetensors file that is shipped, loaded when first asked for. */
export async function shippedWeights(): Promise<Uint8Array<ArrayBuffer>> {
  return decodeBase64((await import('../../build/weights/pronounce.js')).default);
}
