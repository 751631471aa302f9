/** Why attention: the recurrent encoder-decoder as it was before attention (Cho 2014), and as it was with it (Bahdanau 2015). */
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import type { Experiment, Found } from '../experiment.ts';
import { percent, points } from '../format.ts';
import { type RecurrentSizes, recurrentLearner } from '../mechanisms.ts';
import { type Budget, type PronunciationFigures, pronunciationFigures } from '../pronunciation.ts';
import { pictures } from './pictures.ts';
import { report } from './report.ts';

export interface Settings {
  readonly budget: Budget;
  readonly labelSmoothing: number;
  readonly sizes: RecurrentSizes;
  readonly peak: number;
}

/** The mechanism of each part. */
const parts = { 'fixed context': 'none', attention: 'bahdanau' } as const;

const full: Settings = {
  budget: { trainingWords: 121_485, batchSize: 32, warmupSteps: 200 },
  labelSmoothing: 0.05,
  sizes: {
    cell: 'gru',
    embeddingSize: 48,
    encoderHidden: 96,
    encoderLayers: 1,
    decoderHidden: 192,
    dropout: 0.1,
  },
  peak: 3e-3,
};

const quick: Settings = {
  budget: { trainingWords: 40_000, batchSize: 32, warmupSteps: 30, testWords: 400 },
  labelSmoothing: 0.05,
  sizes: {
    cell: 'gru',
    embeddingSize: 24,
    encoderHidden: 32,
    encoderLayers: 1,
    decoderHidden: 64,
    dropout: 0,
  },
  peak: 8e-3,
};

export const experiment: Experiment<Settings, PronunciationFigures> = {
  name: 'why-attention',
  claim: 'A fixed context vector forgets long words; attention reads them as well as short ones.',
  settings: { full, quick },
  parts: () => Object.keys(parts),
  async run(part, { settings, seed, report }) {
    const { budget, labelSmoothing, sizes, peak } = settings;
    using runtime = await trainingRuntime({ seed });
    const learner = recurrentLearner(runtime, parts[part as keyof typeof parts], sizes, labelSmoothing);
    return await pronunciationFigures(runtime, learner, budget, { peak, seed, report });
  },
  checks({ parts }) {
    const [fixed, attention] = [figuresOf(parts, 'fixed context'), figuresOf(parts, 'attention')];
    return [
      {
        text: `phoneme error without stress: ${percent(attention.perNoStress)} with attention, ${percent(fixed.perNoStress)} without`,
        passed: attention.perNoStress < fixed.perNoStress,
      },
      {
        text: `from the shortest words to the longest it rises by ${points(rise(attention))} points with attention, ${points(rise(fixed))} without`,
        passed: rise(attention) < rise(fixed),
      },
    ];
  },
  pictures,
  report,
};

function figuresOf(
  parts: Found<Settings, PronunciationFigures>['parts'],
  part: string,
): PronunciationFigures {
  return parts[part]!.figures;
}

/** How much more of the phonemes is wrong in the longest words than in the shortest. */
function rise({ byLength }: PronunciationFigures): number {
  return byLength.at(-1)!.perNoStress - byLength[0]!.perNoStress;
}
