/**
 * Fills blanks in English words: `npm run example:fill-the-blank -- att_ntion`
 *
 * The letters that may stand in the place of each `_` with their probabilities, as the masked language model tells them
 * that `npm run experiment -- fill-the-blank` has trained, and which letters it looked at.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ArgumentError, createRuntime, FormatError, readSafetensors } from 'heed';
import { type FilledMask, MaskedLanguageModel, type MaskedLanguageModelConfig } from 'heed/models';
import { attentionMap } from 'heed/plot';

const folder = 'training-runs/experiments/fill-the-blank';
/** The better one first. */
const places = [`${folder}/model.safetensors`, `${folder}/quick.safetensors`];
const [bars, best] = [30, 5];

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { weights: { type: 'string' } },
});

try {
  if (words.length === 0)
    throw new ArgumentError('fill-the-blank: expected a word with blanks, such as att_ntion');
  await answer(words);
} catch (error) {
  if (!(error instanceof ArgumentError || error instanceof FormatError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function answer(words: readonly string[]): Promise<void> {
  const { config, letters, firstLetterId, edges, file } = readWeights();
  const rows = words.map(rowOf);
  using runtime = await createRuntime();
  using model = MaskedLanguageModel.load(runtime, file, config);
  model.fillMask(rows, { topK: best, returnWeights: true }).forEach((filled, i) => {
    console.log(described(words[i]!.toLowerCase(), filled));
  });

  /** A word's ids between start and end. @throws ArgumentError for a word that cannot be filled */
  function rowOf(word: string): number[] {
    const longest = config.maxLength - edges.length;
    const refuse = (wrong: string) => new ArgumentError(`fill-the-blank: ${JSON.stringify(word)} ${wrong}`);
    if (word.length > longest) throw refuse(`has ${word.length} letters, at most ${longest} fit`);
    if (!word.includes('_')) throw refuse('has no blank, expected a _ for each letter to be told');
    const ids = Array.from(word.toLowerCase(), (symbol) => {
      if (symbol === '_') return config.maskId;
      const index = letters.indexOf(symbol);
      if (index < 0) throw refuse(`has ${JSON.stringify(symbol)}, expected letters of ${letters} and _`);
      return firstLetterId + index;
    });
    return [edges[0], ...ids, edges[1]];
  }

  /** A table for each blank, and where the blanks looked. */
  function described(word: string, filled: readonly FilledMask[]): string {
    const lines = filled.flatMap(({ position, candidates }) => [
      `${word}, letter ${position}`,
      ...candidates.map(({ id, probability }) => {
        const share = `${(100 * probability).toFixed(1)} %`.padStart(8);
        return `  ${letters[id - firstLetterId] ?? '?'} ${share}  ${'▇'.repeat(Math.round(bars * probability))}`;
      }),
    ]);
    const map = attentionMap({
      title: 'Where each blank looked (last layer, mean over the heads)',
      rows: filled.map(({ position }) => `letter ${position}`),
      columns: ['‹', ...word, '›'],
      weights: filled.map(({ weights }) => weights!),
    });
    return `${lines.join('\n')}\n\n${map.toTerminal()}\n`;
  }
}

/** The weights and what their file says of them. @throws FormatError when there are none, or others */
function readWeights() {
  const path = values.weights ?? places.find(existsSync);
  if (path === undefined || !existsSync(path)) {
    throw new FormatError(
      `fill-the-blank: there is no ${path ?? places[0]}; npm run experiment -- fill-the-blank trains it in ten minutes, with --quick a lesser one in two`,
    );
  }
  const file = readSafetensors(readFileSync(path));
  const { config, letters, firstLetterId, edges } = file.metadata;
  if (!config || !letters || !firstLetterId || !edges) {
    throw new FormatError(`fill-the-blank: ${path} holds no model of this experiment`);
  }
  return {
    file,
    letters,
    config: JSON.parse(config) as MaskedLanguageModelConfig,
    firstLetterId: Number(firstLetterId),
    edges: JSON.parse(edges) as [start: number, end: number],
  };
}
