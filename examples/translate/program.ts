/** The command line of `npm run example:translate`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { CommanderError } from 'commander';
import * as heed from 'heed';
import { attentionMap } from 'heed/plot';
import { trainingRuntime } from 'heed/train';
import { basePhrases, cldrPairs } from './cldr.ts';
import { scoresOf, type Trial, wordsSeenIn } from './measure.ts';
import { command, type Flags, MINUTES, QUICK } from './options.ts';
import { type Pair, readPairs, reasonOf } from './pairs.ts';
import { trainingProgress } from './progress.ts';
import { phrases } from './recipe.ts';
import { type Parts, splitPairs } from './split.ts';
import { trainTranslator } from './training.ts';
import { type Translation, Translator } from './translator.ts';

/** Where a program reads and writes. */
export interface Streams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly errors: NodeJS.WriteStream;
}

/** Held-out pairs that are translated to be counted, and shown. */
const MOST_MEASURED = 1000;
const SHOWN = 8;

/** @param args without the program and script; @returns the exit code */
export async function run(args: readonly string[], streams: Streams): Promise<number> {
  const program = command((texts, flags) => translateWith(texts, flags, streams));
  program.exitOverride().configureOutput({
    writeOut: (text) => streams.output.write(text),
    writeErr: (text) => streams.errors.write(text.replace(/^error: /, 'translate: ')),
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!isTyped(error)) throw error;
    streams.errors.write(`translate: ${error.message.split('\n')[0]}\n`);
    return 1;
  }
}

async function translateWith(texts: readonly string[], flags: Flags, streams: Streams): Promise<void> {
  using translator = flags.load === undefined ? await trained(flags, streams) : await loaded(flags.load);
  const write = (text: string): void => {
    let translation: Translation | undefined;
    try {
      [translation] = translator.translate([text], flags.beam);
    } catch (error) {
      if (!(error instanceof heed.ArgumentError)) throw error;
      streams.errors.write(`${error.message}\n`);
    }
    if (translation) streams.output.write(`${shown(translation, flags.map, streams.output.columns)}\n`);
  };
  for (const text of texts) write(text);
  if (texts.length > 0) return;
  if (streams.input.isTTY) streams.errors.write('Type what to translate; an empty line or Ctrl-D ends.\n');
  for await (const line of createInterface({ input: streams.input })) {
    if (line.trim() !== '') write(line);
    else if (streams.input.isTTY) return;
  }
}

/** A translation with its map; unknown letters are named. */
function shown(translation: Translation, map: boolean, columns = 80): string {
  const { source, text, unknown, sourceWords, words, attention } = translation;
  const lines = [`${source}  →  ${text === '' ? '(nothing)' : text}`];
  if (unknown.length > 0) lines.push(`  (never seen in training: ${unknown.join(' ')})`);
  if (map && words.length > 0) {
    const input = { rows: words, columns: sourceWords, weights: attention };
    lines.push(attentionMap(input).toTerminal({ width: Math.max(24, columns) }));
  }
  return lines.join('\n');
}

async function loaded(path: string): Promise<Translator> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new heed.FormatError(`cannot read ${path}: ${reasonOf(error)}`);
  }
  try {
    return Translator.load(await heed.createRuntime(), bytes);
  } catch (error) {
    if (!(error instanceof heed.FormatError)) throw error;
    throw new heed.FormatError(`${path}: ${error.problems[0]}`);
  }
}

async function trained(flags: Flags, streams: Streams): Promise<Translator> {
  const { seed } = flags;
  const parts = partsOf(flags);
  for (const part of ['train', 'test'] as const) {
    if (parts[part].length > 0) continue;
    throw new heed.FormatError(
      `${flags.pairs ?? 'CLDR'}: too few pairs: none are left to ${part === 'train' ? 'train on' : 'measure'}`,
    );
  }
  const budget = flags.quick
    ? QUICK.budget
    : flags.steps
      ? { steps: flags.steps }
      : { minutes: flags.minutes ?? MINUTES };
  const runtime = await trainingRuntime({ seed });
  const translator = Translator.create(runtime, parts.train, phrases, runtime.random);
  const progress = trainingProgress(streams.errors);
  const { steps, tooLong } = await trainTranslator({
    runtime,
    translator,
    pairs: parts.train,
    recipe: phrases,
    budget,
    seed,
    phraseOf: (pair) => phrasesOf(flags)(pair).source,
    onStep: (each) => progress.step(each),
  }).finally(() => progress.stop());
  const long = tooLong > 0 ? `, without ${tooLong} that are too long` : '';
  streams.errors.write(`trained on ${parts.train.length} pairs${long}, ${steps} steps\n`);
  streams.errors.write(`${measured(translator, parts, flags.beam)}\n`);
  if (flags.save !== undefined) save(translator, flags.save);
  return translator;
}

function partsOf(flags: Flags): Parts {
  const pairs = flags.pairs === undefined ? cldrPairs(flags.language ?? 'ko') : readPairs(flags.pairs);
  // The seed shuffles what `--quick` takes; a list's beginning is often its shortest lines.
  const some = flags.quick ? new heed.Random(flags.seed).shuffle([...pairs]).slice(0, QUICK.pairs) : pairs;
  return splitPairs(some, flags.seed, phrasesOf(flags));
}

function phrasesOf({ pairs }: Flags): (pair: Pair) => Pair {
  return pairs === undefined ? basePhrases : (pair) => pair;
}

/** Held-out figures in words, with some translations, right or wrong. */
function measured(translator: Translator, { train, test }: Parts, beam: number): string {
  const some = test.filter(({ source }) => translator.takes(source)).slice(0, MOST_MEASURED);
  const trials: Trial[] = translator
    .translate(
      some.map(({ source }) => source),
      beam,
    )
    .map(({ text }, i) => ({ ...some[i]!, written: text }));
  if (trials.length === 0) return 'no held-out pair is short enough to be measured';
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const { exact, wordAccuracy, characterAccuracy, bleu } = scoresOf(trials);
  const composable = trials.filter(wordsSeenIn(train));
  const lines = [
    `held out: ${percent(exact)} of ${trials.length} exactly right, words ${percent(wordAccuracy)}, characters ${percent(characterAccuracy)}, BLEU ${(100 * bleu).toFixed(1)}`,
  ];
  if (composable.length > 0) {
    lines.push(
      `  of the ${composable.length} whose words were all seen in training: ${percent(scoresOf(composable).exact)}`,
    );
  }
  const spread = trials.filter((_, i) => i % Math.ceil(trials.length / SHOWN) === 0);
  for (const { source, target, written } of spread) {
    lines.push(`  ${source}  →  ${written}${written === target ? '' : `  (expected: ${target})`}`);
  }
  return lines.join('\n');
}

function save(translator: Translator, path: string): void {
  try {
    writeFileSync(path, translator.save());
  } catch (error) {
    throw new heed.FormatError(`cannot write ${path}: ${reasonOf(error)}`);
  }
}

/** Whether it is one of heed's typed errors, which mean the input and not a fault in the program. */
function isTyped(error: unknown): error is Error {
  return [heed.FormatError, heed.ArgumentError, heed.ShapeError, heed.OutOfMemoryError].some(
    (type) => error instanceof type,
  );
}
