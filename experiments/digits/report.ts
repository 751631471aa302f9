import type { Result } from '../experiment.ts';
import { percent, table, whole } from '../format.ts';
import type { DigitsFigures } from './figures.ts';
import type { Settings } from './run.ts';

/** What parts are called in tables and pictures. */
export const partTitles: Readonly<Record<string, string>> = {
  soft: 'soft attention',
  hard: 'hard attention',
  off: 'attention off',
};

export function report({ parts, settings, seed, machine }: Result<Settings, DigitsFigures>): string {
  const { canvas, learning, testCanvases } = settings;
  const named = Object.entries(parts).map(([part, result]) => ({ title: partTitles[part]!, ...result }));
  const all = table(
    ['', 'digits right', 'canvases right', 'attention on the digit', 'parameters', 'processor time'],
    named.map(({ title, figures, processorSeconds }) => [
      title,
      percent(figures.digitsRight),
      percent(figures.sequencesRight),
      percent(figures.attentionOnDigit),
      whole(figures.parameters),
      `${whole(processorSeconds)} s`,
    ]),
  );
  const byCount = table(
    ['digits on the canvas', 'canvases', ...named.map(({ title }) => title)],
    named[0]!.figures.byCount.map(({ count, canvases }, i) => [
      `${count}`,
      whole(canvases),
      ...named.map(({ figures }) => percent(figures.byCount[i]!.digitsRight)),
    ]),
  );
  return [
    all,
    'Digits right, by how many there are:',
    byCount,
    `${whole(testCanvases)} canvases of ${canvas.fewest} to ${canvas.most} digits, of images that were neither learnt from nor looked at while training. A digit is right when it is written at its own place: one too many or too few is wrong, and so are those that it moves. "Attention on the digit" is the share that lies on the cells of the grid which the ink being read touches; switched off, it lies evenly everywhere. Each model learnt from ${whole(learning.steps * learning.batchSize)} canvases; seed ${seed}. ${machine}.`,
  ].join('\n\n');
}
