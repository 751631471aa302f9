/** Training pairs: each pronunciation of each word, as ids, in batches. */
import { pairBatch, type Seq2SeqBatch } from '../../src/models/seq2seq/batch.ts';
import { encodeLetters, encodePhonemes, endId, padId, startId } from '../../src/pronounce/alphabet.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Random } from '../../src/tensor/random.ts';
import { bucketedBatches } from '../../src/train/batches.ts';
import type { Entry } from './dictionary.ts';
import type { Recipe } from './recipe.ts';

export interface Pair {
  readonly letters: readonly number[];
  readonly phonemes: readonly number[];
}

export function pairsOf(entries: readonly Entry[]): Pair[] {
  return entries.flatMap(({ word, pronunciations }) => {
    const letters = encodeLetters(word);
    return pronunciations.map((pronunciation) => ({ letters, phonemes: encodePhonemes(pronunciation) }));
  });
}

/** The batches of an epoch: the same for the same seed and epoch, wherever training was interrupted. */
export function epochBatches(
  pairs: readonly Pair[],
  { seed, batchSize }: Pick<Recipe, 'seed' | 'batchSize'>,
  epoch: number,
): Pair[][] {
  // Both lengths matter for padding; the letters' first.
  const length = ({ letters, phonemes }: Pair): number => letters.length * 1000 + phonemes.length;
  return bucketedBatches(pairs, batchSize, length, new Random(seed * 1_000_003 + epoch));
}

/** Target tokens that the loss counts: phonemes and ends. */
export function tokensOf(pairs: readonly Pair[]): number {
  return pairs.reduce((sum, { phonemes }) => sum + phonemes.length + 1, 0);
}

/** Pairs as tensors in the current scope. */
export function toBatch(runtime: Runtime, pairs: readonly Pair[]): Seq2SeqBatch {
  const sequences = pairs.map(({ letters, phonemes }) => ({ source: letters, target: phonemes }));
  return pairBatch(runtime, sequences, { paddingId: padId, startId, endId });
}
