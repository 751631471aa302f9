import { isRight } from '../../examples/translate/measure.ts';
import type { Result } from '../experiment.ts';
import { percent, table, whole } from '../format.ts';
import type { TranslateFigures } from './figures.ts';
import type { Settings } from './run.ts';

type Parts = readonly (readonly [string, { readonly figures: TranslateFigures }])[];

export function report({
  parts: found,
  settings,
  seed,
  machine,
}: Result<Settings, TranslateFigures>): string {
  const parts: Parts = Object.entries(found);
  const { pairs } = parts[0]![1].figures;
  return [
    `Of ${whole(pairs.test)} held-out names:`,
    measures(parts),
    'Exactly right, by what is in the name:',
    byGroup(parts),
    'Names evenly spread over the held-out base phrases, not chosen:',
    samples(parts),
    `Trained on ${whole(pairs.train)} names for ${whole(settings.steps)} steps of ${settings.recipe.batchSize}, translated with a beam of ${settings.beam}; seed ${seed}. Times are of one processor. ${machine}.`,
  ].join('\n\n');
}

function measures(parts: Parts): string {
  return table(
    [
      '',
      'exactly right',
      'words right',
      'characters right',
      'BLEU',
      'BLEU of characters',
      'parameters',
      'training',
    ],
    parts.flatMap(([language, { figures }]) => [
      [language, ...scores(figures.test), whole(figures.parameters), `${whole(figures.trainingSeconds)} s`],
      [`${language}, the closest name's translation`, ...scores(figures.memory), '', ''],
    ]),
  );
}

function scores(of: TranslateFigures['test']): string[] {
  return [
    percent(of.exact),
    percent(of.wordAccuracy),
    percent(of.characterAccuracy),
    (100 * of.bleu).toFixed(2),
    (100 * of.characterBleu).toFixed(2),
  ];
}

function byGroup(parts: Parts): string {
  const names = parts[0]![1].figures.groups.map(({ name }) => name);
  return table(
    ['', ...parts.map(([language]) => language)],
    names.map((name, i) => [
      name,
      ...parts.map(([, { figures }]) => {
        const { exact, pairs } = figures.groups[i]!;
        return pairs === 0 ? '' : `${exact} of ${pairs} (${percent(exact / pairs)})`;
      }),
    ]),
  );
}

function samples(parts: Parts): string {
  const lines = parts.flatMap(([language, { figures }]) =>
    figures.samples.map((trial) => {
      const { source, target, written } = trial;
      return `| ${language} | ${source} | ${target} | ${isRight(trial) ? 'the same' : written} |`;
    }),
  );
  return ['| | English | expected | written |', '| --- | --- | --- | --- |', ...lines].join('\n');
}
