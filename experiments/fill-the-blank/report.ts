/** The tables of the report, from the figures alone. */
import type { Result } from '../experiment.ts';
import { percent, table, whole } from '../format.ts';
import {
  type CountedFill,
  countedFills,
  type Example,
  type Figures,
  figuresOf,
  type GroupScore,
  type Measured,
  type Settings,
} from './figures.ts';
import { spelled } from './spelling.ts';

const MODEL = 'masked model';

export function report(result: Result<Settings, Figures>): string {
  return [scores(result), orders(result), groups(result), examples(result)].join('\n\n');
}

/** What a way of filling blanks is called: n-grams by the n that was chosen. */
export function nameOf(fill: CountedFill, result: Result<Settings, Figures>): string {
  return fill.replace(/^n-/, `${bestOrder(result).group}-`);
}

/** The n of least perplexity on validation words. */
export function bestOrder(result: Result<Settings, Figures>): GroupScore {
  const { orders } = figuresOf(result).counted;
  return orders.reduce((best, order) => (order.perplexity < best.perplexity ? order : best));
}

/** All ways by their names, the simplest first. */
function measured(result: Result<Settings, Figures>): [name: string, measured: Measured][] {
  const { counted, model } = figuresOf(result);
  return [
    ...countedFills.map((fill): [string, Measured] => [nameOf(fill, result), counted.fills[fill]]),
    [MODEL, model.fill],
  ];
}

function scores(result: Result<Settings, Figures>): string {
  const ways = measured(result);
  const shares = ways[0]![1].several.map(({ group }) => Number(group));
  const { single, unrelated } = ways[0]![1];
  const rows = ways.map(([name, { single, unrelated, several }]) => [
    name,
    percent(single.top1),
    percent(single.top3),
    single.perplexity.toFixed(2),
    percent(unrelated.top1),
    ...shares.map((share) => {
      const score = several.find(({ group }) => group === share);
      return score ? percent(score.top1) : '';
    }),
  ]);
  const heads = [
    `${whole(single.blanks)} single blanks`,
    'right',
    'among the best three',
    'perplexity',
    `right, of the ${whole(unrelated.blanks)} in words without a relative in training`,
    ...shares.map((share) => `right, ${100 * share}% of a word hidden`),
  ];
  return table(heads, rows);
}

/** What n-grams of each n do on validation words, of which one was chosen. */
function orders(result: Result<Settings, Figures>): string {
  const { orders } = figuresOf(result).counted;
  const rows = orders.map(({ group, top1, top3, perplexity }) => [
    `${group}-gram of both sides`,
    percent(top1),
    percent(top3),
    perplexity.toFixed(2),
  ]);
  const heads = [`${whole(orders[0]!.blanks)} blanks in validation words`, 'right', 'among the best three'];
  return table([...heads, 'perplexity'], rows);
}

function groups(result: Result<Settings, Figures>): string {
  const ways = measured(result);
  const first = ways[0]![1];
  const columns = [...first.byPlace, ...first.byKind].map(({ group, blanks }) => ({ group, blanks }));
  const rows = ways.map(([name, { byPlace, byKind }]) => {
    const all = [...byPlace, ...byKind];
    return [name, ...columns.map(({ group }) => percent(all.find((each) => each.group === group)!.top1))];
  });
  const heads = columns.map(({ group, blanks }) => `${group} (${whole(blanks)})`);
  return table(['right letters', ...heads], rows);
}

function examples(result: Result<Settings, Figures>): string {
  const { counted, model } = figuresOf(result);
  const others = ['bigram of both sides', 'n-gram of both sides'] as const;
  const rows = model.fill.examples.map((example, i) => {
    const { word, position } = example;
    return [
      `\`${spelled({ word, blanks: [position] })}\``,
      word[position]!,
      told(example),
      ...others.map((fill) => told(counted.fills[fill].examples[i]!)),
    ];
  });
  return table(['held-out word', 'letter', MODEL, ...others.map((fill) => nameOf(fill, result))], rows);
}

/** The candidates, the right one in bold. */
function told({ word, position, candidates }: Example): string {
  return candidates
    .map(({ letter, probability }) => {
      const text = `${letter} ${percent(probability)}`;
      return letter === word[position] ? `**${text}**` : text;
    })
    .join(', ');
}
