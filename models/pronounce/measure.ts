/** Error rates on dictionary entries. */
import { greedyDecode } from '../../src/decode/greedy.ts';
import type { Seq2Seq } from '../../src/models/seq2seq/model.ts';
import { decodePhonemes, encodeLetters, type Phoneme } from '../../src/pronounce/alphabet.ts';
import type { Pronouncer } from '../../src/pronounce/pronouncer.ts';
import { type ErrorRates, errorRates, type Prediction } from '../../src/train/errorRate.ts';
import type { Entry } from './dictionary.ts';

const BATCH = 128;
/** Longer than any pronunciation in the dictionary. */
const LONGEST = 40;

/** A model in training, greedy. */
export function measureGreedy(model: Seq2Seq, entries: readonly Entry[]): ErrorRates {
  return measure(entries, (words) =>
    greedyDecode(model.stepModel(words.map(encodeLetters)), LONGEST).map(({ ids }) => decodePhonemes(ids)),
  );
}

/**
 * The pronouncer as users call it.
 * @param onProgress hears how many entries are done
 */
export function measurePronouncer(
  pronouncer: Pronouncer,
  entries: readonly Entry[],
  beam: number,
  onProgress?: (done: number) => void,
): ErrorRates {
  const predict = (words: readonly string[]) =>
    pronouncer.pronounceAll(words, { beam }).map(({ phonemes }) => phonemes);
  return measure(entries, predict, onProgress);
}

/** Predicts in batches of like length, so that little padding is computed. */
function measure(
  entries: readonly Entry[],
  predict: (words: readonly string[]) => (readonly Phoneme[])[],
  onProgress: (done: number) => void = () => {},
): ErrorRates {
  const sorted = [...entries].sort((a, b) => a.word.length - b.word.length);
  const predictions: Prediction[] = [];
  for (let start = 0; start < sorted.length; start += BATCH) {
    const batch = sorted.slice(start, start + BATCH);
    const predicted = predict(batch.map(({ word }) => word));
    batch.forEach(({ pronunciations }, i) => {
      predictions.push({ predicted: predicted[i]!, references: pronunciations });
    });
    onProgress(predictions.length);
  }
  return errorRates(predictions);
}
