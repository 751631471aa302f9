/** Which attention: one arrangement, one budget, eleven ways to attend. */
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import type { Experiment } from '../experiment.ts';
import { percent, points } from '../format.ts';
import {
  type RecurrentMechanism,
  type RecurrentSizes,
  recurrentLearner,
  recurrentMechanisms,
  type TransformerSizes,
  transformerLearner,
} from '../mechanisms.ts';
import { type Budget, type PronunciationFigures, pronunciationFigures } from '../pronunciation.ts';
import { pictures } from './pictures.ts';
import { report } from './report.ts';

export interface Settings {
  readonly budget: Budget;
  readonly labelSmoothing: number;
  readonly recurrent: { readonly sizes: RecurrentSizes; readonly peak: number };
  readonly transformer: { readonly sizes: TransformerSizes; readonly peak: number };
  /** Largest phoneme error without stress that each mechanism may have. */
  readonly atMost: number;
}

const full: Settings = {
  budget: { trainingWords: 242_970, batchSize: 32, warmupSteps: 200 },
  labelSmoothing: 0.05,
  recurrent: {
    sizes: { embeddingSize: 48, encoderHidden: 96, encoderLayers: 1, decoderHidden: 192, dropout: 0.1 },
    peak: 3e-3,
  },
  transformer: {
    sizes: {
      modelSize: 128,
      heads: 4,
      feedForwardSize: 256,
      encoderLayers: 2,
      decoderLayers: 2,
      dropout: 0.1,
    },
    peak: 2e-3,
  },
  atMost: 0.25,
};

const quick: Settings = {
  budget: { trainingWords: 12_800, batchSize: 32, warmupSteps: 30, testWords: 400 },
  labelSmoothing: 0.05,
  recurrent: {
    sizes: { embeddingSize: 24, encoderHidden: 32, encoderLayers: 1, decoderHidden: 64, dropout: 0 },
    peak: 8e-3,
  },
  transformer: {
    sizes: { modelSize: 48, heads: 4, feedForwardSize: 96, encoderLayers: 1, decoderLayers: 1, dropout: 0 },
    peak: 4e-3,
  },
  atMost: 0.8,
};

/** Soft attention over scores without bounds, in the same arrangement. */
const sharp: readonly RecurrentMechanism[] = [
  'bahdanau',
  'dot',
  'general',
  'concat',
  'location',
  'local-m',
  'local-p',
];
/** What it must save of the words' errors. */
const LEAST_GAIN = 0.02;

export const experiment: Experiment<Settings, PronunciationFigures> = {
  name: 'which-attention',
  claim: 'Attention beats none, if it can be sharp; which kind it is matters less.',
  settings: { full, quick },
  parts: () => [...Object.keys(recurrentMechanisms), 'transformer'],
  async run(part, { settings, seed, report }) {
    const { budget, labelSmoothing, recurrent, transformer } = settings;
    using runtime = await trainingRuntime({ seed });
    if (part === 'transformer') {
      const learner = transformerLearner(runtime, transformer.sizes, labelSmoothing);
      return await pronunciationFigures(runtime, learner, budget, { peak: transformer.peak, seed, report });
    }
    const mechanism = part as RecurrentMechanism;
    const learner = recurrentLearner(runtime, mechanism, recurrent.sizes, labelSmoothing);
    return await pronunciationFigures(runtime, learner, budget, { peak: recurrent.peak, seed, report });
  },
  checks({ settings, parts }) {
    const learned = Object.entries(parts).map(([name, { figures }]) => ({
      text: `${name}: phoneme error without stress ${percent(figures.perNoStress)}, at most ${percent(settings.atMost)}`,
      passed: figures.perNoStress <= settings.atMost,
    }));
    const none = parts.none!.figures.werNoStress;
    const gained = sharp.map((name) => {
      const gain = none - parts[name]!.figures.werNoStress;
      return {
        text: `${name}: ${points(gain)} points fewer words wrong than without attention, at least ${points(LEAST_GAIN)}`,
        passed: gain >= LEAST_GAIN,
      };
    });
    return [...learned, ...gained];
  },
  pictures,
  report,
};
