/** How the shipped pronouncer is shaped and trained. Everything that decides its weights is here. */
import type { Seq2SeqConfig } from '../../src/models/seq2seq/config.ts';
import {
  endId,
  letterVocabularySize,
  padId,
  phonemeVocabularySize,
  startId,
} from '../../src/pronounce/alphabet.ts';

export interface Recipe {
  readonly model: Seq2SeqConfig;
  readonly seed: number;
  readonly epochs: number;
  /** Pronunciations in a batch. */
  readonly batchSize: number;
  /** Parts that a batch is cut into. The sum of their gradients does not depend on how many threads compute them. */
  readonly shards: number;
  readonly peakLearningRate: number;
  readonly warmupSteps: number;
  readonly labelSmoothing: number;
  readonly weightDecay: number;
  /** Largest global norm of the gradients. */
  readonly clipNorm: number;
}

export const recipe: Recipe = {
  model: {
    sourceVocabulary: letterVocabularySize,
    targetVocabulary: phonemeVocabularySize,
    embeddingSize: 64,
    encoderHidden: 144,
    encoderLayers: 2,
    decoderHidden: 288,
    score: 'dot',
    dropout: 0.25,
    paddingId: padId,
    startId,
    endId,
  },
  seed: 1,
  epochs: 26,
  batchSize: 128,
  shards: 2,
  peakLearningRate: 1.5e-3,
  warmupSteps: 500,
  labelSmoothing: 0.05,
  weightDecay: 0.01,
  clipNorm: 1,
};
