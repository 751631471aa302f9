import { attentionMap, curves } from '../../src/plot.ts';
import type { Result } from '../experiment.ts';
import { mapOf, type PronunciationFigures } from '../pronunciation.ts';
import type { Settings } from './run.ts';

export function pictures({ parts }: Result<Settings, PronunciationFigures>): Record<string, string> {
  const series = Object.entries(parts).map(([label, { figures }]) => ({
    label,
    // A group of lengths is drawn at the one that is next to the other groups.
    x: figures.byLength.map(({ from, to }, i) => (i === 0 ? to : from)),
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
