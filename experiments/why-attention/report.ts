import type { Result } from '../experiment.ts';
import { percent, table, whole } from '../format.ts';
import { lengthLabel, madeWith, type PronunciationFigures } from '../pronunciation.ts';
import type { Settings } from './run.ts';

export function report(result: Result<Settings, PronunciationFigures>): string {
  const parts = Object.entries(result.parts);
  const lengths = parts[0]![1].figures.byLength;
  const byLength = table(
    ['letters', 'words', ...parts.map(([name]) => name)],
    lengths.map((length, i) => [
      lengthLabel(length),
      whole(length.words),
      ...parts.map(([, { figures }]) => percent(figures.byLength[i]!.perNoStress)),
    ]),
  );
  const all = table(
    ['', 'phoneme error', 'word error', 'parameters', 'training'],
    parts.map(([name, { figures }]) => [
      name,
      percent(figures.perNoStress),
      percent(figures.werNoStress),
      whole(figures.parameters),
      `${whole(figures.trainingSeconds)} s`,
    ]),
  );
  return `Phoneme error without stress, by the letters of the word:\n\n${byLength}\n\nOver all words:\n\n${all}\n\n${madeWith(result)}`;
}
