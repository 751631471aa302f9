/** `heed embed`: texts as vectors. */
import { Command, Option } from 'commander';
import { embed, type Pooling } from '../pretrained/embed.ts';
import { type LoadingFlags, withLoadingOptions, withModel } from './loading.ts';
import { standardOutput } from './output.ts';
import { textBatches } from './texts.ts';

interface EmbedFlags extends LoadingFlags {
  readonly pooling?: Pooling;
  readonly normalize: boolean;
}

/** Texts whose vectors are written together. */
const BATCH = 64;

const HELP = `
Examples:
  $ heed embed sentence-transformers/all-MiniLM-L6-v2 "a lazy dog" "a sleepy hound"
  $ heed embed ./MiniLM --json < lines.txt > vectors.ndjson

Without --json a line holds a vector's numbers, with spaces between; with it {text, embedding}.
`;

export function embedCommand(finished: (code: number) => void): Command {
  return withLoadingOptions(new Command('embed'))
    .description('Texts as vectors, by an encoder of the BERT family.')
    .argument('[texts...]', 'texts; without any, lines of standard input')
    .addOption(
      new Option(
        '--pooling <kind>',
        'how the vectors of tokens become one (default: what the model says)',
      ).choices(['mean', 'cls']),
    )
    .option('--no-normalize', 'leave the vectors as long as they are')
    .addHelpText('after', HELP)
    .action(async (source: string, given: string[], flags: EmbedFlags) => {
      const output = standardOutput(process.stdout);
      await withModel(source, flags, async (model) => {
        for await (const texts of textBatches(given, BATCH)) {
          const vectors = await embed(model, texts, { pooling: flags.pooling, normalize: flags.normalize });
          const lines = vectors.map((vector, i) => {
            const numbers = Array.from(vector, (value) => Number(value.toPrecision(7)));
            return flags.json ? JSON.stringify({ text: texts[i], embedding: numbers }) : numbers.join(' ');
          });
          await output.write(`${lines.join('\n')}\n`);
        }
      });
      finished(0);
    });
}
