import { attentionMap, curves } from '../../src/plot.ts';
import type { Result } from '../experiment.ts';
import { mapOf, type PronunciationFigures } from '../pronunciation.ts';
import type { Settings } from './run.ts';

export function pictures({ parts }: Result<Settings, PronunciationFigures>): Record<string, string> {
  const series = Object.entries(parts).map(([label, { figures }]) => ({
    label,
    // Drawn at the shortest of its words: of the last group, which is open, most are of that length.
    x: figures.byLength.map(({ from }) => from),
    y: figures.byLength.map(({ perNoStress }) => perNoStress),
  }));
  const byLength = curves({
    title: 'What a fixed context vector forgets',
    xTitle: 'letters of the word',
    yTitle: 'phonemes wrong',
    yFormat: 'percent',
    series,
  });
  const learning = curves({
    title: 'Learning to pronounce',
    xTitle: 'pronunciations seen',
    yTitle: 'phonemes of validation words wrong',
    yFormat: 'percent',
    series: Object.entries(parts).map(([label, { figures }]) => ({
      label,
      x: figures.curve.map(({ words }) => words),
      y: figures.curve.map(({ perNoStress }) => perNoStress),
    })),
  });
  const { reading } = parts.attention!.figures;
  return {
    'error-by-length.svg': byLength.toSVG(),
    'learning.svg': learning.toSVG(),
    'attention.svg': attentionMap(mapOf(reading, 'With attention')).toSVG(),
  };
}
