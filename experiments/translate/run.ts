/** Translation: names of signs from English, and the words' order that attention turns round. */

// The translator is an example of the package, whose runtime it needs.
import { trainingRuntime } from 'heed/train';
import { basePhrases } from '../../examples/translate/cldr.ts';
import { type Scores, scoresOf, type Trial } from '../../examples/translate/measure.ts';
import type { Pair } from '../../examples/translate/pairs.ts';
import { phrases, type Recipe } from '../../examples/translate/recipe.ts';
import { trainTranslator } from '../../examples/translate/training.ts';
import { type Translation, Translator } from '../../examples/translate/translator.ts';
import type { Check, Experiment } from '../experiment.ts';
import { percent } from '../format.ts';
import { languages, parallelNames } from './data.ts';
import {
  EVERY_WORD_SEEN,
  groupsOf,
  memoryScores,
  round,
  rounded,
  samplesOf,
  type TranslateFigures,
  turnedRound,
} from './figures.ts';
import { pictures } from './pictures.ts';
import { report } from './report.ts';

export interface Settings {
  readonly recipe: Recipe;
  readonly steps: number;
  /** Hypotheses kept while translating the held-out names. */
  readonly beam: number;
  /** Share that must be exactly right in each language: of all held-out names, and of those whose words were all seen. */
  readonly atLeast: { readonly all: number; readonly seen: number };
  /** How often validation is measured. */
  readonly measurements: number;
}

const full: Settings = {
  recipe: phrases,
  steps: 2000,
  beam: 4,
  atLeast: { all: 0.25, seen: 0.45 },
  measurements: 12,
};

const quick: Settings = {
  recipe: {
    ...phrases,
    sizes: { ...phrases.sizes, modelSize: 96, feedForwardSize: 192, dropout: 0.1 },
    joined: 0,
  },
  steps: 550,
  beam: 1,
  atLeast: { all: 0.1, seen: 0.2 },
  measurements: 1,
};

const SAMPLES = 10;

export const experiment: Experiment<Settings, TranslateFigures> = {
  name: 'translate',
  claim:
    'A small Transformer learns from 3,715 names to put together names that it has not seen, in another order of words.',
  settings: { full, quick },
  parts: () => Object.keys(languages),
  async run(part, { settings, seed, report: tell }) {
    const { recipe, steps, beam, measurements } = settings;
    const parts = parallelNames(languages[part]!);
    using runtime = await trainingRuntime({ seed });
    using translator = Translator.create(runtime, parts.train, recipe, runtime.random);
    const { curve, seconds } = await learn();
    const tested = translate(translator, parts.test, beam);
    const validation = translate(translator, parts.validation, beam);
    const { source, target, model } = translator;
    return {
      pairs: { train: parts.train.length, validation: parts.validation.length, test: parts.test.length },
      parameters: [...model.parameters().values()].reduce((sum, { size }) => sum + size, 0),
      vocabularies: { source: source.size, target: target.size },
      steps,
      trainingSeconds: Math.round(seconds),
      curve,
      validation: validation.scores,
      test: tested.scores,
      memory: memoryScores(parts),
      groups: groupsOf(tested.trials, parts),
      samples: samplesOf(tested.trials, SAMPLES),
      readings: turnedRound(tested.translations, tested.trials),
    };

    async function learn() {
      const curve: { step: number; loss: number; validation: number }[] = [];
      const { user: before } = process.cpuUsage();
      let measuring = 0;
      await trainTranslator({
        runtime,
        translator,
        pairs: parts.train,
        recipe,
        budget: { steps },
        seed,
        phraseOf: (pair) => basePhrases(pair).source,
        onStep: ({ step, loss }) => {
          tell(step, steps, `loss ${loss.toFixed(2)}`);
          if (Math.floor((step * measurements) / steps) === curve.length) return;
          const { user: start } = process.cpuUsage();
          const { exact } = translate(translator, parts.validation, 1).scores;
          curve.push({ step, loss: round(loss), validation: exact });
          measuring += process.cpuUsage().user - start;
        },
      });
      return { curve, seconds: (process.cpuUsage().user - before - measuring) / 1e6 };
    }
  },
  checks: ({ parts, settings }) =>
    Object.entries(parts).flatMap(([part, { figures }]) => checksOf(part, figures, settings)),
  pictures,
  report,
};

function translate(
  translator: Translator,
  pairs: readonly Pair[],
  beam: number,
): { translations: Translation[]; trials: Trial[]; scores: Scores } {
  const translations = translator.translate(
    pairs.map(({ source }) => source),
    beam,
  );
  const trials = translations.map(({ text }, i) => ({ ...pairs[i]!, written: text }));
  return { translations, trials, scores: rounded(scoresOf(trials)) };
}

function checksOf(part: string, { test, groups }: TranslateFigures, { atLeast }: Settings): Check[] {
  const { pairs, exact } = groups.find(({ name }) => name === EVERY_WORD_SEEN)!;
  return [
    {
      text: `${part}: ${percent(test.exact)} of ${test.pairs} held-out names exactly right (at least ${percent(atLeast.all)})`,
      passed: test.exact >= atLeast.all,
    },
    {
      text: `${part}: ${percent(exact / pairs)} of the ${pairs} whose words were all seen (at least ${percent(atLeast.seen)})`,
      passed: exact / pairs >= atLeast.seen,
    },
  ];
}
