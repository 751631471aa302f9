/** `heed fill-mask`: what may stand in the place of a mask. */
import { Command } from 'commander';
import { type FilledText, fillMask } from '../pretrained/fillMask.ts';
import { count, type LoadingFlags, withLoadingOptions, withModel } from './loading.ts';
import { standardOutput } from './output.ts';
import { textBatches } from './texts.ts';

interface FillMaskFlags extends LoadingFlags {
  readonly top: number;
}

const BATCH = 16;
const LONGEST_BAR = 30;

const HELP = `
Examples:
  $ heed fill-mask distilbert/distilbert-base-uncased "Attention is all you [MASK]."
  $ heed fill-mask ./roberta --top 3 --json "The <mask> sat on the mat."

The mask is written as the model's tokenizer has it. --json writes {text, masks: [{position, candidates: [{id, text, score}]}]}.
`;

export function fillMaskCommand(finished: (code: number) => void): Command {
  return withLoadingOptions(new Command('fill-mask'))
    .description('What may stand in the place of a mask, by a masked language model.')
    .argument('[texts...]', 'texts with masks; without any, lines of standard input')
    .option('--top <n>', 'candidates for each mask', count, 5)
    .addHelpText('after', HELP)
    .action(async (source: string, given: string[], flags: FillMaskFlags) => {
      const output = standardOutput(process.stdout);
      await withModel(source, flags, async (model) => {
        for await (const texts of textBatches(given, BATCH)) {
          const filled = await fillMask(model, texts, { topK: flags.top });
          const told = filled.map(({ masks }, i) =>
            flags.json ? JSON.stringify({ text: texts[i], masks }) : table(texts[i]!, masks),
          );
          await output.write(`${told.join('\n')}\n`);
        }
      });
      finished(0);
    });
}

/** Candidates with their probabilities, mask by mask. */
function table(text: string, masks: FilledText['masks']): string {
  const lines = masks.flatMap(({ candidates }, i) => {
    const texts = candidates.map((each) => (each.text ?? `${each.id}`).trim());
    const width = Math.max(...texts.map((each) => each.length));
    return [
      ...(masks.length > 1 ? [`  mask ${i + 1}`] : []),
      ...candidates.map(({ score }, k) => {
        const share = `${(100 * score).toFixed(1)} %`.padStart(7);
        return `  ${texts[k]!.padEnd(width)} ${share}  ${'▇'.repeat(Math.round(LONGEST_BAR * score))}`.trimEnd();
      }),
    ];
  });
  return [text, ...lines].join('\n');
}
