/** Where `createPronouncer` takes its weights. `heed/assets` has weights.assets.ts instead. */
import { imported } from '../runtime/imported.ts';
import { decodeBase64 } from './base64.ts';

/** The safetensors file that is shipped, loaded when first asked for. */
export async function shippedWeights(): Promise<Uint8Array<ArrayBuffer>> {
  return decodeBase64(await imported(import('../../build/weights/pronounce.js')));
}
