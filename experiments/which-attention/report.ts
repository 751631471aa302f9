import type { Result } from '../experiment.ts';
import { percent, table, whole } from '../format.ts';
import { madeWith, type PronunciationFigures } from '../pronunciation.ts';
import type { Settings } from './run.ts';

export function report(result: Result<Settings, PronunciationFigures>): string {
  const rows = Object.entries(result.parts).map(([name, { figures }]) => [
    name,
    percent(figures.perNoStress),
    percent(figures.werNoStress),
    percent(figures.per),
    percent(figures.wer),
    whole(figures.parameters),
    `${whole(figures.trainingSeconds)} s`,
    whole(figures.wordsPerSecond),
  ]);
  const head = [
    '',
    'phoneme error',
    'word error',
    'with stress: phonemes',
    'words',
    'parameters',
    'training',
    'words/s',
  ];
  return `${table(head, rows)}\n\n${madeWith(result)}`;
}
