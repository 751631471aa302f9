/** What `npm run example:translate` takes. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Budget } from './training.ts';

export interface Flags {
  readonly pairs?: string;
  readonly language?: string;
  readonly minutes?: number;
  readonly steps?: number;
  readonly quick?: boolean;
  readonly seed: number;
  readonly beam: number;
  readonly save?: string;
  readonly load?: string;
  readonly map: boolean;
}

const HELP = `
Examples:
  $ npm run example:translate -- "woman running: medium skin tone"
  $ npm run example:translate -- --language fr --minutes 2 --save french.safetensors
  $ npm run example:translate -- --load french.safetensors "red circle"
  $ npm run example:translate -- --pairs swe-eng.txt.gz --quick

--pairs takes any file of lines with a text, a tab and its translation, UTF-8, packed with gzip or not, such as
Tatoeba's lists at manythings.org. Held-out figures are of pairs whose text and translation training has not seen.
Exit codes: 0 done, 1 failed, 2 wrong usage.
`;

/** What `--quick` trains on, and how long. */
export const QUICK: { readonly pairs: number; readonly budget: Budget } = {
  pairs: 1500,
  budget: { minutes: 0.5 },
};
export const MINUTES = 5;
export function command(action: (texts: string[], flags: Flags) => Promise<void>): Command {
  return new Command('translate')
    .description('Trains a small Transformer on pairs of texts, measures it on others, and translates.')
    .argument('[texts...]', 'what to translate; without any, lines of standard input')
    .option('--pairs <file>', "texts and translations; without it, English names of CLDR's signs")
    .addOption(
      new Option('--language <locale>', 'of the CLDR names (default: "ko")').conflicts(['pairs', 'load']),
    )
    .option('--minutes <n>', `how long to train (default: ${MINUTES})`, positive)
    .addOption(new Option('--steps <n>', 'the same in steps').argParser(positiveInteger).conflicts('minutes'))
    .addOption(
      new Option('--quick', `half a minute on ${QUICK.pairs} pairs`).conflicts(['minutes', 'steps', 'load']),
    )
    .option('--seed <n>', 'of weights, order and parts', integer, 1)
    .option('--beam <n>', 'hypotheses kept while translating, 1 to 16', beamWidth, 4)
    .option('--save <file>', 'write the trained model and its vocabularies')
    .addOption(
      new Option('--load <file>', 'use a saved model instead of training').conflicts([
        'pairs',
        'minutes',
        'steps',
        'save',
      ]),
    )
    .option('--no-map', 'write no attention maps')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .action(action);
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('It must be a positive number.');
  return value;
}

function integer(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be an integer of at least 0.');
  return Number(text);
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a positive integer.');
  return Number(text);
}

function beamWidth(text: string): number {
  const beam = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (beam < 1 || beam > 16) throw new InvalidArgumentError('It must be an integer from 1 to 16.');
  return beam;
}
