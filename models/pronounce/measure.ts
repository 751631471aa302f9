/** Error rates on dictionary entries. */
import { greedyDecode } from '../../src/decode/greedy.ts';
import type { StepModel } from '../../src/decode/stepModel.ts';
import { decodePhonemes, encodeLetters, type Phoneme } from '../../src/pronounce/alphabet.ts';
import type { Pronouncer } from '../../src/pronounce/pronouncer.ts';
import { type ErrorRates, errorRates, type Prediction } from '../../src/train/errorRate.ts';
import type { Entry } from './dictionary.ts';

const BATCH = 128;
/** Longer than any pronunciation in the dictionary. */
const LONGEST = 40;

/** A model that reads letters and writes phonemes, of whatever architecture. */
export interface LetterReader {
  // biome-ignore lint/suspicious/noExplicitAny: what the model remembers between steps is its own business
  stepModel(sources: readonly (readonly number[])[]): StepModel<any>;
}

/** What was written for a word. */
export interface WordPrediction extends Prediction {
  readonly word: string;
}

/** A model in training, greedy. */
export function measureGreedy(model: LetterReader, entries: readonly Entry[]): ErrorRates {
  return errorRates(predictGreedy(model, entries));
}

/** What the model writes for each entry, greedy; entries in the order of their length. */
export function predictGreedy(model: LetterReader, entries: readonly Entry[]): WordPrediction[] {
  return predictAll(entries, (words) =>
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
  return errorRates(predictAll(entries, predict, onProgress));
}

/** Predicts in batches of like length, so that little padding is computed. */
function predictAll(
  entries: readonly Entry[],
  predict: (words: readonly string[]) => (readonly Phoneme[])[],
  onProgress: (done: number) => void = () => {},
): WordPrediction[] {
  const sorted = [...entries].sort((a, b) => a.word.length - b.word.length);
  const predictions: WordPrediction[] = [];
  for (let start = 0; start < sorted.length; start += BATCH) {
    const batch = sorted.slice(start, start + BATCH);
    const predicted = predict(batch.map(({ word }) => word));
    batch.forEach(({ word, pronunciations }, i) => {
      predictions.push({ word, predicted: predicted[i]!, references: pronunciations });
    });
    onProgress(predictions.length);
  }
  return predictions;
}
