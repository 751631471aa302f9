/** What must hold of the figures. */

import type { Check, Found } from '../experiment.ts';
import { percent, points } from '../format.ts';
import { type Figures, figuresOf, type Settings } from './figures.ts';

/** The model's least share of right letters, and its least lead over the bigrams of both sides. */
const least: Readonly<Record<Settings['size'], { readonly top1: number; readonly lead: number }>> = {
  full: { top1: 0.42, lead: 0.15 },
  quick: { top1: 0.29, lead: 0.03 },
};

export function checks(found: Found<Settings, Figures>): Check[] {
  const { top1, lead } = least[found.settings.size];
  const { counted, model } = figuresOf(found);
  const share = (name: keyof typeof counted.fills) => counted.fills[name].single.top1;
  const reached = model.fill.single.top1;
  const ahead = reached - share('bigram of both sides');
  return [
    {
      text: `the masked model tells ${percent(reached)} of single letters, at least ${percent(top1)}`,
      passed: reached >= top1,
    },
    {
      text: `that is ${points(ahead)} points more than the bigrams of both sides, at least ${points(lead)} points`,
      passed: ahead >= lead,
    },
    {
      text: `each neighbour helps counting: ${percent(share('unigram'))}, ${percent(share('bigram'))}, ${percent(share('bigram of both sides'))}`,
      passed: share('unigram') < share('bigram') && share('bigram') < share('bigram of both sides'),
    },
  ];
}
