/** A recipe and data small enough to train in a test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pair } from '../../models/pronounce/pairs.ts';
import type { Recipe } from '../../models/pronounce/recipe.ts';
import { recipe as shipped } from '../../models/pronounce/recipe.ts';
import { encodeLetters, encodePhonemes, type Phoneme } from '../../src/pronounce/alphabet.ts';
import { Random } from '../../src/tensor/random.ts';

export const tinyRecipe: Recipe = {
  ...shipped,
  model: {
    ...shipped.model,
    embeddingSize: 6,
    encoderHidden: 5,
    encoderLayers: 2,
    // Dot scores compare states with annotations, which have both directions.
    decoderHidden: 10,
    dropout: 0.2,
  },
  epochs: 2,
  batchSize: 16,
  warmupSteps: 2,
};

const sounds: Readonly<Record<string, Phoneme>> = {
  b: 'B',
  k: 'K',
  m: 'M',
  s: 'S',
  a: 'AA1',
  i: 'IY1',
  o: 'OW1',
};

/** Made-up words that are spelled as they are said. */
export function tinyPairs(count: number): Pair[] {
  const random = new Random(9);
  const letters = Object.keys(sounds);
  return Array.from({ length: count }, () => {
    const word = Array.from(
      { length: 1 + random.integer(6) },
      () => letters[random.integer(letters.length)]!,
    );
    return {
      letters: encodeLetters(word.join('')),
      phonemes: encodePhonemes(word.map((letter) => sounds[letter]!)),
    };
  });
}

/** Runs `body` with a folder of its own. */
export async function withFolder<Result>(
  body: (path: (name: string) => string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'heed-test-'));
  try {
    return await body((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
