/**
 * Fills blanks in English words: `npm run example:fill-the-blank -- att_ntion`
 *
 * For each `_` the letters that may stand there with their probabilities, as the masked language model tells them that
 * `npm run experiment -- fill-the-blank` has trained, and which letters it looked at.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ArgumentError, createRuntime, FormatError, readSafetensors, type WeightSource } from 'heed';
import { type FilledMask, MaskedLanguageModel, type MaskedLanguageModelConfig } from 'heed/models';
import { attentionMap } from 'heed/plot';

/** Weights, and what their file says of them. */
interface Stored {
  readonly weights: WeightSource;
  readonly config: MaskedLanguageModelConfig;
  readonly letters: string;
  readonly firstLetterId: number;
  readonly edges: readonly [start: number, end: number];
}

const folder = 'training-runs/experiments/fill-the-blank';
/** The better one first. */
const places = [`${folder}/model.safetensors`, `${folder}/quick.safetensors`];
const longestBar = 30;

try {
  await main();
} catch (error) {
  if (!(error instanceof ArgumentError || error instanceof FormatError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { weights: given, words } = readArguments();
  const stored = readWeights(given ?? places.find(existsSync) ?? places[0]!);
  const rows = words.map((word) => rowOf(word, stored));
  using runtime = await createRuntime();
  using model = MaskedLanguageModel.load(runtime, stored.weights, stored.config);
  model.fillMask(rows, { returnWeights: true }).forEach((filled, i) => {
    console.log(`${tables(words[i]!, filled, stored)}\n\n${mapOf(words[i]!, filled)}\n`);
  });
}

function readArguments(): { weights?: string; words: string[] } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { weights: { type: 'string' } },
    });
    if (positionals.length === 0) throw new Error('expected a word with blanks, such as att_ntion');
    return { ...values, words: positionals.map((word) => word.toLowerCase()) };
  } catch (error) {
    throw new ArgumentError(`fill-the-blank: ${(error as Error).message}`);
  }
}

/** @throws FormatError when there are none, or others */
function readWeights(path: string): Stored {
  if (!existsSync(path)) {
    throw new FormatError(
      `fill-the-blank: there is no ${path}; npm run experiment -- fill-the-blank trains it in ten minutes, or with --quick a lesser one in two`,
    );
  }
  const weights = readSafetensors(readFileSync(path));
  const { config, letters, firstLetterId, edges } = weights.metadata;
  if (!config || !letters || !firstLetterId || !edges) {
    throw new FormatError(`fill-the-blank: ${path} holds no model of this experiment`);
  }
  return {
    ...{ weights, letters, config: JSON.parse(config) as MaskedLanguageModelConfig },
    ...{ firstLetterId: Number(firstLetterId), edges: JSON.parse(edges) as [number, number] },
  };
}

/** A word's ids between start and end. @throws ArgumentError for a word that cannot be filled */
function rowOf(word: string, { config, letters, firstLetterId, edges: [start, end] }: Stored): number[] {
  const refuse = (wrong: string) => new ArgumentError(`fill-the-blank: ${JSON.stringify(word)} ${wrong}`);
  const longest = config.maxLength - 2;
  if (word.length > longest) throw refuse(`has ${word.length} letters, at most ${longest} fit`);
  if (!word.includes('_')) throw refuse('has no blank, expected a _ for each letter to be told');
  const ids = Array.from(word, (symbol) => {
    if (symbol === '_') return config.maskId;
    const index = letters.indexOf(symbol);
    if (index < 0) throw refuse(`has ${JSON.stringify(symbol)}, expected letters of ${letters} and _`);
    return firstLetterId + index;
  });
  return [start, ...ids, end];
}

/** The most probable letters of each blank. Positions count the start, so that the first letter is letter 1. */
function tables(word: string, filled: readonly FilledMask[], { letters, firstLetterId }: Stored): string {
  const lines = filled.flatMap(({ position, candidates }) => [
    `${word}, letter ${position}`,
    ...candidates.map(({ id, probability }) => {
      const share = `${(100 * probability).toFixed(1)} %`.padStart(7);
      const bar = '▇'.repeat(Math.round(longestBar * probability));
      return `  ${letters[id - firstLetterId] ?? '?'} ${share}  ${bar}`.trimEnd();
    }),
  ]);
  return lines.join('\n');
}

/** Where each blank looked, in the terminal. */
function mapOf(word: string, filled: readonly FilledMask[]): string {
  return attentionMap({
    title: 'Where each blank looked: the last layer, the mean of its heads',
    rows: filled.map(({ position }) => `letter ${position}`),
    columns: ['‹', ...word, '›'],
    weights: filled.map(({ weights }) => weights!),
  }).toTerminal({ colour: process.stdout.isTTY && !process.env.NO_COLOR });
}
