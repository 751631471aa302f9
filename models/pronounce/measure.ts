/** Error rates on dictionary entries. */
import { greedyDecode } from '../../src/decode/greedy.ts';
import type { Seq2Seq } from '../../src/models/seq2seq/model.ts';
import { decodePhonemes, encodeLetters } from '../../src/pronounce/alphabet.ts';
import type { Pronouncer } from '../../src/pronounce/pronouncer.ts';
import { type ErrorRates, errorRates, type Prediction } from '../../src/train/errorRate.ts';
import type { Entry } from './dictionary.ts';

const BATCH = 128;
/** Longer than any pronunciation in the dictionary. */
const LONGEST = 40;

/** A model in training: greedy decoding, in batches of like length. */
export function measureGreedy(model: Seq2Seq, entries: readonly Entry[]): ErrorRates {
  const sorted = [...entries].sort((a, b) => a.word.length - b.word.length);
  const predictions: Prediction[] = [];
  for (let start = 0; start < sorted.length; start += BATCH) {
    const batch = sorted.slice(start, start + BATCH);
    const hypotheses = greedyDecode(model.stepModel(batch.map(({ word }) => encodeLetters(word))), LONGEST);
    batch.forEach(({ pronunciations }, i) => {
      predictions.push({ predicted: decodePhonemes(hypotheses[i]!.ids), references: pronunciations });
    });
  }
  return errorRates(predictions);
}

/**
 * The pronouncer as users call it.
 * @param onProgress hears how many entries are done
 */
export function measurePronouncer(
  pronouncer: Pronouncer,
  entries: readonly Entry[],
  beam: number,
  onProgress: (done: number) => void = () => {},
): ErrorRates {
  const sorted = [...entries].sort((a, b) => a.word.length - b.word.length);
  const predictions: Prediction[] = [];
  for (let start = 0; start < sorted.length; start += BATCH) {
    const batch = sorted.slice(start, start + BATCH);
    const results = pronouncer.pronounceAll(
      batch.map(({ word }) => word),
      { beam },
    );
    batch.forEach(({ pronunciations }, i) => {
      predictions.push({ predicted: results[i]!.phonemes, references: pronunciations });
    });
    onProgress(predictions.length);
  }
  return errorRates(predictions);
}
