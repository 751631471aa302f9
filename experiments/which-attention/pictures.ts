import { attentionMap, attentionSheet, curves } from '../../src/plot.ts';
import type { Result } from '../experiment.ts';
import { mapOf, type PronunciationFigures } from '../pronunciation.ts';
import type { Settings } from './run.ts';

export function pictures({ parts }: Result<Settings, PronunciationFigures>): Record<string, string> {
  const named = Object.entries(parts).map(([name, { figures }]) => ({ name, figures }));
  const learning = curves({
    title: 'Learning to pronounce, by attention',
    xTitle: 'pronunciations seen',
    yTitle: 'phonemes of validation words wrong',
    yFormat: 'percent',
    series: named.map(({ name, figures }) => ({
      label: name,
      x: figures.curve.map(({ words }) => words),
      y: figures.curve.map(({ perNoStress }) => perNoStress),
    })),
  });
  const attending = named.filter(({ figures }) => figures.reading.weights[0]!.length > 0);
  const maps = attending.map(({ name, figures }) => attentionMap(mapOf(figures.reading, name)));
  return {
    'learning.svg': learning.toSVG(),
    'attention.svg': attentionSheet(maps, { beside: 4, cellSize: 20 }),
  };
}
