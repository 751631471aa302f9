import { attentionOverlay, curves } from '../../src/plot.ts';
import type { Result } from '../experiment.ts';
import { type DigitsFigures, type Example, pixelsOf } from './figures.ts';
import { partTitles } from './report.ts';
import type { Settings } from './run.ts';

/** Three stand side by side. */
const PICTURE_SIZE = 224;

export function pictures({ parts, settings }: Result<Settings, DigitsFigures>): Record<string, string> {
  const learning = curves({
    title: 'Learning to read digits',
    xTitle: 'canvases learnt from',
    yTitle: 'digits of validation canvases right',
    yFormat: 'percent',
    series: Object.entries(parts).map(([part, { figures }]) => ({
      label: partTitles[part]!,
      x: figures.curve.map(({ canvases }) => canvases),
      y: figures.curve.map(({ digitsRight }) => digitsRight),
    })),
  });
  const drawn: Record<string, string> = { 'learning.svg': learning.toSVG() };
  for (const part of ['soft', 'hard']) {
    const { examples, grid } = parts[part]!.figures;
    for (const example of [examples[0]!, examples.at(-1)!]) {
      drawn[`${part}-${example.digits.length}-digits.svg`] = overlay(example, {
        title: `${partTitles[part]}: ${example.digits.join(' ')}`,
        grid,
        canvas: settings.canvas,
      });
    }
  }
  return drawn;
}

function overlay(
  example: Example,
  { title, grid, canvas }: Pick<DigitsFigures, 'grid'> & Pick<Settings, 'canvas'> & { title: string },
): string {
  const { digits, read, attention } = example;
  const steps = attention.map((weights, i) => ({ label: labelOf(digits, read, i), weights }));
  const image = { width: canvas.width, height: canvas.height, pixels: pixelsOf(example) };
  return attentionOverlay({ title, image, ...grid, steps }).toSVG({ pictureSize: PICTURE_SIZE });
}

/** What was written at a step, and what is there where that is something else. */
function labelOf(digits: readonly number[], read: readonly number[], step: number): string {
  const [written, there] = [read[step] ?? 'end', digits[step] ?? 'end'];
  return written === there ? `${written}` : `${written} (is ${there})`;
}
