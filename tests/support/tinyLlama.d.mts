import type { writeSafetensors } from '../../src/io/writeSafetensors.ts';

export function tinyLlama(
  write: typeof writeSafetensors,
  sizes?: { size?: number; layers?: number },
): Record<string, Uint8Array<ArrayBuffer>>;
