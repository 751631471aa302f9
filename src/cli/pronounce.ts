/** `heed pronounce`: words in, phonemes, IPA, JSON or attention maps out. */
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { FormatError } from '../errors.ts';
import {
  createPronouncer,
  normaliseSpelling,
  type Pronouncer,
  type Spelling,
  type SpellingChange,
} from '../pronounce.ts';
import { exitCode, Failure, fileFailure, UsageError, withoutOrigin } from './failure.ts';
import { documentForm, type Form, jsonForm, terminalForm, textForm } from './form.ts';
import { argumentBatches, sizeOfStandardInput, standardInputBatches } from './input.ts';
import { fileOutput, type Output, standardOutput } from './output.ts';
import { noProgress, type Progress, progressBar } from './progress.ts';
import { onSignal } from './signals.ts';
import { terminalWidth, wantsColour } from './terminal.ts';
import type { WordBatch } from './words.ts';

interface PronounceFlags {
  readonly ipa?: boolean;
  readonly json?: boolean;
  readonly map?: 'terminal' | 'svg' | 'html';
  readonly out?: string;
  readonly beam: number;
  readonly color?: boolean;
  readonly variant?: 'simd' | 'relaxed';
  readonly weights?: string;
}

/** Words pronounced before their output is written and signals are looked at. */
const BATCH = 256;

const HELP = `
Examples:
  $ heed pronounce attention
  attention  AH0 T EH1 N SH AH0 N
  $ heed pronounce --ipa "Pay attention to every letter"
  $ heed pronounce --map terminal thorough
  $ heed pronounce --map html --out maps.html though through tough
  $ heed pronounce --json < words.txt > words.ndjson

Phonemes are ARPAbet as in CMUdict; a vowel's digit is its stress: 1 primary, 2 secondary, 0 none.
--json writes {word, phonemes, ipa, score, alternatives, attention, changed} for each word and {word, error} for one
that cannot be pronounced. A score is the mean natural-log probability of a phoneme.

Exit codes: 0 all words pronounced, 1 a word or the run failed, 2 wrong usage, 130 interrupted.
`;

/** @param finished takes the exit code of a run that came to its end */
export function pronounceCommand(finished: (code: number) => void): Command {
  return new Command('pronounce')
    .description('How English words sound, and which letters each sound came from.')
    .argument('[words...]', 'words or sentences; without any, lines of words on standard input')
    .addOption(new Option('--ipa', 'write the International Phonetic Alphabet').conflicts(['json', 'map']))
    .addOption(new Option('--json', 'write one line of JSON for each word').conflicts('map'))
    .addOption(
      new Option('--map <format>', 'draw where each phoneme looked').choices(['terminal', 'svg', 'html']),
    )
    .option('--out <file>', 'write to a file, which is there once it is whole')
    .option('--beam <n>', 'hypotheses kept while decoding: 1 (fastest) to 32', beamWidth, 4)
    .option('--color', 'write colours wherever the output goes')
    .option('--no-color', 'write no colours')
    .addOption(new Option('--variant <name>', 'force an instruction set').choices(['simd', 'relaxed']))
    .option('--weights <file>', 'a safetensors file instead of the embedded weights')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .action(async (words: string[], flags: PronounceFlags) => {
      finished(await pronounce(words, flags));
    });
}

function beamWidth(text: string): number {
  const beam = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (beam < 1 || beam > 32) throw new InvalidArgumentError('It must be an integer from 1 to 32.');
  return beam;
}

async function pronounce(words: readonly string[], flags: PronounceFlags): Promise<number> {
  const fromInput = words.length === 0;
  if (fromInput && process.stdin.isTTY) {
    throw new UsageError('expected words, as arguments or as lines on standard input');
  }
  const pronouncer = await loadPronouncer(flags);
  const progress = fromInput ? createProgress(flags) : noProgress;
  let output: Output | undefined;
  const cleanUp = (): void => {
    progress.clear();
    output?.discard();
  };
  // Before the output's file is there: a signal that came between the two would leave it.
  const signals = onSignal(cleanUp);
  try {
    output = flags.out === undefined ? standardOutput(process.stdout) : fileOutput(flags.out);
    return await pronounceBatches(
      { pronouncer, output, progress, form: formOf(flags), beam: flags.beam, notes: !flags.json },
      fromInput ? standardInputBatches(BATCH) : argumentBatches(words, BATCH),
    );
  } finally {
    cleanUp();
    signals[Symbol.dispose]();
    pronouncer.dispose();
  }
}

async function loadPronouncer({ weights, variant }: PronounceFlags): Promise<Pronouncer> {
  if (weights === undefined) return createPronouncer({ variant });
  const bytes = await readFile(weights).catch((error: unknown) => {
    throw fileFailure(`read the weights ${weights}`, error);
  });
  return createPronouncer({ weights: bytes, variant }).catch((error: unknown) => {
    if (!(error instanceof FormatError)) throw error;
    throw new Failure(`cannot use the weights ${weights}: ${error.message}`);
  });
}

/** A bar on the terminal, unless the words themselves go there and show how far it is. */
function createProgress({ out }: PronounceFlags): Progress {
  if (!process.stderr.isTTY || (process.stdout.isTTY && out === undefined)) return noProgress;
  return progressBar(process.stderr, sizeOfStandardInput());
}

function formOf({ ipa, json, map, color, out }: PronounceFlags): Form {
  if (json) return jsonForm();
  if (map === undefined) return textForm(ipa ? 'ipa' : 'arpabet');
  if (map !== 'terminal') return documentForm(map);
  const toTerminal = process.stdout.isTTY === true && out === undefined;
  const colour = wantsColour(color, process.env, toTerminal);
  return terminalForm({ colour, width: terminalWidth(toTerminal ? process.stdout.columns : undefined) });
}

interface Run {
  readonly pronouncer: Pronouncer;
  readonly output: Output;
  readonly progress: Progress;
  readonly form: Form;
  readonly beam: number;
  /** Whether replaced letters are noted on standard error. */
  readonly notes: boolean;
}

/** @returns the exit code */
async function pronounceBatches(
  run: Run,
  batches: AsyncIterable<WordBatch> | Iterable<WordBatch>,
): Promise<number> {
  const { pronouncer, output, progress, form, beam, notes } = run;
  let code: number = exitCode.success;
  let count = 0;
  const say = (message: string): void => {
    progress.clear();
    process.stderr.write(`heed: ${message}\n`);
  };
  for await (const { words, bytes } of batches) {
    const spellings = words.map(spell);
    const pronounceable = words.filter((_, index) => typeof spellings[index] !== 'string');
    const pronunciations = pronouncer.pronounceAll(pronounceable, { beam }).values();
    let text = '';
    spellings.forEach((spelling, index) => {
      const word = words[index]!;
      if (typeof spelling === 'string') {
        code = exitCode.failure;
        say(spelling);
        text += form.failed(word, spelling);
        return;
      }
      const note = notes && changeNote(word, spelling);
      if (note) say(note);
      text += form.pronounced(pronunciations.next().value!);
    });
    if (text !== '') await output.write(text);
    count += words.length;
    progress.update(count, bytes);
    // Where reading and writing never wait, signals and the bar would.
    await setImmediate();
  }
  const rest = form.end();
  if (rest === undefined) {
    if (count === 0) say('no words on standard input, nothing to draw');
    return exitCode.failure;
  }
  if (rest !== '') await output.write(rest);
  await output.commit();
  return code;
}

/** The spelling of a word, or why it has none. */
function spell(word: string): Spelling | string {
  try {
    return normaliseSpelling(word);
  } catch (error) {
    return withoutOrigin((error as Error).message);
  }
}

/** Says which letters were replaced, such as é by e; undefined where only signs were, such as ’ by '. */
function changeNote(word: string, { letters, changed }: Spelling): string | undefined {
  const replaced = changed.filter(({ to }: SpellingChange) => /[a-z]/.test(to));
  if (replaced.length === 0) return undefined;
  return `word "${word}" is read as "${letters}": ${replaced.map(({ from, to }) => `${from} as ${to}`).join(', ')}`;
}
