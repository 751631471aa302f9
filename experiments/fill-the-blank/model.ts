/** The masked language model over letters: how it is trained, asked, and stored. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { padRows } from '../../src/models/idRows.ts';
import type { MaskedLanguageModelConfig } from '../../src/models/maskedLanguage/config.ts';
import { type MaskedBatch, MaskedLanguageModel } from '../../src/models/maskedLanguage/model.ts';
import {
  encodeLetters,
  endId,
  letters,
  letterVocabularySize,
  padId,
  specialSymbols,
  startId,
} from '../../src/pronounce/alphabet.ts';
import type { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { bucketedBatches } from '../../src/train/batches.ts';
import { train } from '../../src/train/loop.ts';
import { maskTokens } from '../../src/train/masking.ts';
import { Adam } from '../../src/train/optimizer.ts';
import { warmupCosine } from '../../src/train/schedule.ts';
import type { TrainingRuntime } from '../../src/train/trainingRuntime.ts';
import { BLANK, type Fill } from './spelling.ts';

/** After padding, start, end and the letters. */
export const maskId = letterVocabularySize;
const vocabulary = letterVocabularySize + 1;

/** The sizes of a model and how it is trained. */
export interface Recipe {
  readonly modelSize: number;
  readonly heads: number;
  readonly feedForwardSize: number;
  readonly layers: number;
  readonly dropout: number;
  readonly steps: number;
  /** Words in a batch. */
  readonly batchSize: number;
  readonly peakLearningRate: number;
  /** Share of a batch's letters that is hidden. */
  readonly share: number;
}

/** A word as the model reads it: letters and blanks between start and end. @throws ArgumentError for other symbols */
export function rowOf(spelling: string): number[] {
  const ids = Array.from(spelling, (symbol) => (symbol === BLANK ? [maskId] : encodeLetters(symbol)));
  return [startId, ...ids.flat(), endId];
}

/** A model for words of up to `longest` letters. */
export function configOf(
  { modelSize, heads, feedForwardSize, layers, dropout }: Recipe,
  longest: number,
): MaskedLanguageModelConfig {
  const size = { modelSize, heads, feedForwardSize, layers, dropout };
  return { ...size, vocabulary, maskId, maxLength: longest + 2, normFirst: true };
}

/**
 * Rows with some of their letters hidden. Unlike Devlin's, all that is chosen is hidden: nothing else is asked of the model
 * later.
 */
export function hiddenBatch(
  rows: readonly (readonly number[])[],
  share: number,
  random: Random,
): { input: Int32Array; targets: Int32Array; lengths: Int32Array } {
  const { ids, lengths } = padRows(rows, padId);
  const special = [padId, startId, endId];
  const options = { vocabulary, maskId, special, share, masked: 1, replaced: 0, random };
  return { ...maskTokens(ids, options), lengths };
}

/**
 * A model trained on the words.
 * @param onStep hears of each step, counted from 1
 */
export async function trainModel(
  runtime: TrainingRuntime,
  words: readonly string[],
  recipe: Recipe,
  onStep: (step: number, model: MaskedLanguageModel) => void,
): Promise<MaskedLanguageModel> {
  const { steps, batchSize, peakLearningRate: peak, share } = recipe;
  const { random } = runtime;
  const longest = words.reduce((most, { length }) => Math.max(most, length), 0);
  const model = MaskedLanguageModel.create(runtime, configOf(recipe, longest), random);
  const batches = endlessBatches(words.map(rowOf), batchSize, random);
  const integers = (values: Int32Array, shape: readonly number[]) =>
    Tensor.from(runtime, values, shape, 'i32');
  const draw = (): MaskedBatch => {
    const { input, targets, lengths } = hiddenBatch(batches.next().value, share, random);
    const shape = [lengths.length, input.length / lengths.length];
    return {
      input: integers(input, shape),
      targets: integers(targets, shape),
      lengths: integers(lengths, [lengths.length]),
    };
  };
  await train({
    runtime,
    parameters: model.parameters(),
    optimizer: new Adam(model.parameters(), { weightDecay: 0.01 }),
    schedule: warmupCosine({ peak, warmupSteps: Math.min(300, steps >> 2), totalSteps: steps, floor: 0.01 }),
    clip: 1,
    steps,
    loss: () => model.loss(draw(), { random }),
    onStep: ({ step }) => onStep(step + 1, model),
  });
  return model;
}

/** Batches of all rows, then of all again in another order. */
function* endlessBatches(
  rows: readonly number[][],
  batchSize: number,
  random: Random,
): Generator<readonly number[][], never> {
  for (;;) yield* bucketedBatches(rows, batchSize, (row) => row.length, random);
}

/** How the model fills blanks. */
export function modelFill(model: MaskedLanguageModel): Fill {
  return (spellings) =>
    model.fillMask(spellings.map(rowOf), { topK: vocabulary }).map((masks) =>
      masks.map(({ candidates }) => {
        const probabilities = new Float64Array(vocabulary);
        for (const { id, probability } of candidates) probabilities[id] = probability;
        return probabilities.subarray(specialSymbols.length, specialSymbols.length + letters.length);
      }),
    );
}

/** The number of a model's parameters. */
export function sizeOf(model: MaskedLanguageModel): number {
  return [...model.parameters().values()].reduce((sum, { size }) => sum + size, 0);
}

/** Writes the weights, with all that is needed to use them: configuration, alphabet and edges of a word. */
export function saveModel(path: string, model: MaskedLanguageModel): void {
  const tensors = [...model.parameters()].map(
    ([name, tensor]) => [name, fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32')] as const,
  );
  const metadata = {
    config: JSON.stringify(model.config),
    letters: letters.join(''),
    firstLetterId: String(specialSymbols.length),
    edges: JSON.stringify([startId, endId]),
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, writeSafetensors(tensors, { metadata }));
}
