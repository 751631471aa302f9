import { type AttentionMapInput, attentionLines, attentionMap, curves } from '../../src/plot.ts';
import type { Result } from '../experiment.ts';
import type { Reading, TranslateFigures } from './figures.ts';
import type { Settings } from './run.ts';

export function pictures({ parts }: Result<Settings, TranslateFigures>): Record<string, string> {
  const drawn: Record<string, string> = {};
  for (const [language, { figures }] of Object.entries(parts)) {
    const { variant, bare } = figures.readings;
    const file = (name: string): string => `${language.toLowerCase()}-${name}.svg`;
    if (variant) {
      drawn[file('map')] = attentionMap(inputOf(variant, language)).toSVG();
      drawn[file('order')] = attentionLines(inputOf(variant, language)).toSVG();
    }
    if (bare) drawn[file('order-bare')] = attentionLines(inputOf(bare, language)).toSVG();
  }
  drawn['learning.svg'] = curves({
    title: 'Learning to translate names',
    xTitle: 'steps',
    yTitle: 'validation names exactly right',
    yFormat: 'percent',
    series: Object.entries(parts).map(([label, { figures }]) => ({
      label,
      x: figures.curve.map(({ step }) => step),
      y: figures.curve.map(({ validation }) => validation),
    })),
  }).toSVG();
  return drawn;
}

function inputOf(
  { source, text, sourceWords, words, attention }: Reading,
  language: string,
): AttentionMapInput {
  return {
    rows: words,
    columns: sourceWords,
    weights: attention,
    title: `${source} → ${text}`,
    rowsTitle: language,
    columnsTitle: 'English',
  };
}
