/**
 * Masked language modelling on letters (Devlin 2019): blanks in words that were held out, filled by a Transformer that
 * sees both sides, and by counts of the same training words.
 */
import { fileURLToPath } from 'node:url';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import type { Experiment, PartContext } from '../experiment.ts';
import { percent } from '../format.ts';
import { checks } from './checks.ts';
import type { CountedFigures, Figures, ModelFigures, Settings } from './figures.ts';
import { headFigures } from './heads.ts';
import { ask, rounded, scoreOf } from './measure.ts';
import { modelFill, saveModel, sizeOf, trainModel } from './model.ts';
import { bigramFill, ngramFill, unigramFill } from './ngrams.ts';
import { pictures } from './pictures.ts';
import { report } from './report.ts';
import { drawn, eachLetterOf, loadSpellings } from './spelling.ts';
import { measure, trialOf } from './trial.ts';

/** n of the n-grams that are tried. */
const ORDERS = [2, 3, 4, 5, 6, 7];
/** How often the validation words are asked while training. */
const LOOKS = 12;

export const experiment: Experiment<Settings, Figures> = {
  name: 'fill-the-blank',
  claim:
    'A masked language model fills a blank in a word far better than counts of the letters beside it do.',
  settings: {
    full: {
      size: 'full',
      model: {
        ...{ modelSize: 96, heads: 8, feedForwardSize: 384, layers: 2, dropout: 0 },
        ...{ steps: 18_000, batchSize: 64, peakLearningRate: 3e-3, share: 0.3 },
      },
      testWords: 10_000,
      validationWords: 500,
    },
    quick: {
      size: 'quick',
      model: {
        ...{ modelSize: 96, heads: 8, feedForwardSize: 256, layers: 2, dropout: 0 },
        ...{ steps: 1_500, batchSize: 64, peakLearningRate: 3e-3, share: 0.3 },
      },
      testWords: 1_000,
      validationWords: 200,
    },
  },
  parts: () => ['counted', 'model'],
  run: async (part, context) => (part === 'counted' ? countLetters(context) : await learn(context)),
  checks,
  pictures,
  report,
};

function countLetters({ settings, seed, report }: PartContext<Settings>): CountedFigures {
  const spellings = loadSpellings();
  const { train } = spellings;
  const validation = eachLetterOf(drawn(spellings.validation, settings.validationWords, seed));
  const total = ORDERS.length + 4;
  const orders = ORDERS.map((group, i) => {
    report(i, total, `${group}-grams`);
    return { group, ...scoreOf(ask(ngramFill(train, group), validation)) };
  });
  const best = orders.reduce((best, order) => (order.perplexity < best.perplexity ? order : best));
  const trial = trialOf(spellings, settings.testWords, seed);
  const measured = (done: number, fill: Parameters<typeof measure>[0], fillsSeveral = true) => {
    report(ORDERS.length + done, total, 'test words');
    return measure(fill, trial, { fillsSeveral });
  };
  const fills = {
    unigram: measured(0, unigramFill(train)),
    bigram: measured(1, bigramFill(train, 'left')),
    'bigram of both sides': measured(2, bigramFill(train, 'both')),
    'n-gram of both sides': measured(3, ngramFill(train, best.group), false),
  };
  report(total, total);
  return { trainingWords: train.length, fills, orders };
}

async function learn({ settings, seed, report }: PartContext<Settings>): Promise<ModelFigures> {
  const { model: recipe, size, testWords, validationWords } = settings;
  using runtime = await trainingRuntime({ seed });
  const spellings = loadSpellings();
  const validation = eachLetterOf(drawn(spellings.validation, validationWords, seed));
  const training: { step: number; top1: number; perplexity: number }[] = [];
  const looks = new Set(
    Array.from({ length: LOOKS }, (_, i) => Math.round(((i + 1) * recipe.steps) / LOOKS)),
  );
  using model = await trainModel(runtime, spellings.train, recipe, (step, model) => {
    if (looks.has(step)) {
      const { top1, perplexity } = scoreOf(ask(modelFill(model), validation));
      training.push({ step, top1, perplexity });
    }
    const found = training.at(-1);
    report(step, recipe.steps, found && `${percent(found.top1)} of validation letters`);
  });
  saveModel(weightsPath(size), model);
  const trial = trialOf(spellings, testWords, seed);
  return {
    parameters: sizeOf(model),
    steps: recipe.steps,
    epochs: rounded((recipe.steps * recipe.batchSize) / spellings.train.length),
    training,
    fill: measure(modelFill(model), trial),
    heads: headFigures(model, trial.examples[0]!),
  };
}

/** Where the weights go, which are not kept in git. */
function weightsPath(size: Settings['size']): string {
  const folder = new URL('../../training-runs/experiments/fill-the-blank/', import.meta.url);
  return fileURLToPath(new URL(size === 'full' ? 'model.safetensors' : 'quick.safetensors', folder));
}
