/** Weights of a tiny pronouncer, made in memory: the form of the shipped ones, with random numbers in it. */
import { fromFloat32 } from '../../src/io/conversion.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import type { Seq2SeqConfig } from '../../src/models/seq2seq/config.ts';
import { Seq2Seq } from '../../src/models/seq2seq/model.ts';
import {
  endId,
  letterVocabularySize,
  padId,
  phonemeVocabularySize,
  startId,
} from '../../src/pronounce/alphabet.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import { Random } from '../../src/tensor/random.ts';
import type { StoredTensor } from '../../src/tensor/weights.ts';

export const tinyConfig: Seq2SeqConfig = {
  sourceVocabulary: letterVocabularySize,
  targetVocabulary: phonemeVocabularySize,
  embeddingSize: 8,
  encoderHidden: 8,
  encoderLayers: 1,
  decoderHidden: 16,
  score: 'general',
  paddingId: padId,
  startId,
  endId,
};

/** Times a fresh parameter: so large that words differ in their pronunciations, and these in length. */
const SPREAD = 6;

/**
 * The tensors of a tiny pronouncer by name; the same seed gives the same values. Like a trained model it never writes
 * `<pad>` or `<sos>`. Most of its pronunciations end; some run on until they are cut.
 */
export async function tinyTensors(seed = 2, config = tinyConfig): Promise<Map<string, StoredTensor>> {
  const runtime = await createRuntime({ variant: 'simd' });
  try {
    const model = Seq2Seq.create(runtime, config, new Random(seed));
    const tensors = new Map<string, StoredTensor>();
    for (const [name, tensor] of model.parameters()) {
      const values = tensor.toFloat32Array().map((value) => value * SPREAD);
      if (name === 'out.bias') {
        values[padId] = -100;
        values[startId] = -100;
        values[endId] = 1.5;
      }
      tensors.set(name, fromFloat32(values, tensor.shape, 'F32'));
    }
    return tensors;
  } finally {
    runtime.dispose();
  }
}

/** The whole file: `createPronouncer({ weights: await tinyWeights() })`. */
export async function tinyWeights(seed = 2): Promise<Uint8Array> {
  return writeSafetensors(await tinyTensors(seed), { metadata: { config: JSON.stringify(tinyConfig) } });
}
