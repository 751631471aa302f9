/** The pictures, from the figures alone. */
import { attentionHeads, curves } from '../../src/plot.ts';
import type { Result } from '../experiment.ts';
import {
  countedFills,
  type Figures,
  figuresOf,
  type GroupScore,
  type HeadFigures,
  type Settings,
} from './figures.ts';
import { nameOf } from './report.ts';
import { spelled } from './spelling.ts';

/** Of fewer blanks a share of right ones says little. */
const LEAST_BLANKS = 100;

export function pictures(result: Result<Settings, Figures>): Record<string, string> {
  return {
    'by-length.svg': byLength(result),
    'heads.svg': heads(figuresOf(result).model.heads),
  };
}

function byLength(result: Result<Settings, Figures>): string {
  const { counted, model } = figuresOf(result);
  const line = (label: string, groups: readonly GroupScore[]) => {
    const enough = groups.filter(({ blanks }) => blanks >= LEAST_BLANKS);
    return { label, x: enough.map(({ group }) => Number(group)), y: enough.map(({ top1 }) => top1) };
  };
  return curves({
    title: 'Letters of held-out words told from the others',
    xTitle: 'letters of the word',
    yTitle: 'right letters',
    yFormat: 'percent',
    series: [
      line('masked model', model.fill.byLength),
      ...[...countedFills].reverse().map((name) => line(nameOf(name, result), counted.fills[name].byLength)),
    ],
  }).toSVG();
}

function heads({ word, position, symbols, weights }: HeadFigures): string {
  return attentionHeads({
    title: `${spelled({ word, blanks: [position] })}: what each letter looked at`,
    rows: symbols,
    columns: symbols,
    rowsTitle: 'letters',
    columnsTitle: 'letters looked at',
    layers: weights,
  }).toSVG();
}
