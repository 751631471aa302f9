/** What a masked language model puts in the place of its masks. */
import { ArgumentError } from '../../errors.ts';
import { checkId } from '../tokens.ts';
import type { MaskedLanguageModelConfig } from './config.ts';

export interface FillMaskOptions {
  /** Candidates for each mask; 5 by default, or the whole of a smaller vocabulary. */
  readonly topK?: number;
  /** Whether to tell what each mask looked at; false by default. */
  readonly returnWeights?: boolean;
}

/** A token that may stand in the place of a mask. */
export interface MaskCandidate {
  readonly id: number;
  readonly probability: number;
}

/** A mask, and what may stand there. */
export interface FilledMask {
  /** Of the mask in its sequence. */
  readonly position: number;
  /** Best first; of equal ones the lower id. */
  readonly candidates: readonly MaskCandidate[];
  /** The last layer's attention from the mask to the sequence [length], its mean over the heads; on request. */
  readonly weights?: Float32Array;
}

/** @throws ArgumentError for a row without a mask, with an unknown id or too long, or a topK outside the vocabulary */
export function checkFillMask(
  { vocabulary, maskId, maxLength }: MaskedLanguageModelConfig,
  rows: readonly (readonly number[])[],
  topK: number,
): void {
  if (!(Number.isInteger(topK) && topK > 0 && topK <= vocabulary)) {
    throw new ArgumentError(`fillMask: topK must lie in 1..${vocabulary}, got ${topK}`);
  }
  rows.forEach((row, i) => {
    row.forEach((id, at) => {
      checkId(`fillMask: ids[${i}][${at}]`, id, vocabulary);
    });
    if (row.length > maxLength) {
      throw new ArgumentError(`fillMask: ids[${i}] has ${row.length} positions, at most ${maxLength} fit`);
    }
    if (!row.includes(maskId)) throw new ArgumentError(`fillMask: ids[${i}] must hold the mask ${maskId}`);
  });
}

/** The `count` most probable tokens, best first. @param probabilities [vocabulary] */
export function candidatesOf(probabilities: Float32Array, count: number): MaskCandidate[] {
  return Array.from(probabilities, (probability, id) => ({ id, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count);
}
