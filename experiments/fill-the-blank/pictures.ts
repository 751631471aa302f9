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
import { bestOrder, nameOf } from './report.ts';
import { BLANK, spelled } from './spelling.ts';

/** Of fewer blanks a share of right ones says little. */
const LEAST_BLANKS = 100;
const MODEL = 'masked model';

export function pictures(result: Result<Settings, Figures>): Record<string, string> {
  return {
    'by-length.svg': byLength(result),
    'learning.svg': learning(result),
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
    title: 'One letter of a held-out word, told from the others',
    xTitle: 'letters of the word',
    yTitle: 'right letters',
    yFormat: 'percent',
    series: [
      line(MODEL, model.fill.byLength),
      ...countedFills.map((fill) => line(nameOf(fill, result), counted.fills[fill].byLength)),
    ],
  }).toSVG();
}

/** On validation words, beside the two countings that were measured on them too. */
function learning(result: Result<Settings, Figures>): string {
  const { counted, model } = figuresOf(result);
  const x = model.training.map(({ step }) => step);
  const level = (label: string, order: GroupScore) => ({ label, x, y: x.map(() => order.top1) });
  return curves({
    title: 'Learning to fill blanks',
    xTitle: 'training steps',
    yTitle: 'right letters of validation words',
    yFormat: 'percent',
    series: [
      { label: MODEL, x, y: model.training.map(({ top1 }) => top1) },
      level(nameOf('bigram of both sides', result), counted.orders.find(({ group }) => group === 2)!),
      level(nameOf('n-gram of both sides', result), bestOrder(result)),
    ],
  }).toSVG();
}

function heads({ word, position, symbols, weights }: HeadFigures): string {
  // An underscore turned on its side is no longer seen to be one.
  const drawn = (text: string) => text.replace(BLANK, '□');
  const labels = symbols.map(drawn);
  return attentionHeads({
    title: `${drawn(spelled({ word, blanks: [position] }))}: what the letters and the blank looked at`,
    rows: labels,
    columns: labels,
    rowsTitle: 'letters',
    columnsTitle: 'letters looked at',
    layers: weights,
  }).toSVG();
}
