import type { writeSafetensors } from 'heed';

/** A BERT of two layers with made-up weights and a few words, as the files of its folder. */
export function bertFolder(
  heed: { readonly writeSafetensors: typeof writeSafetensors },
  architecture: 'BertModel',
): Record<string, Uint8Array>;
