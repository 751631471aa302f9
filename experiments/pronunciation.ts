/** What the pronunciation experiments share: training on the dictionary's words, and figures on held-out ones. */
import { type Dictionary, type Entry, loadDictionary } from '../models/pronounce/dictionary.ts';
import { measureGreedy, predictGreedy, type WordPrediction } from '../models/pronounce/measure.ts';
import { epochBatches, type Pair, pairsOf } from '../models/pronounce/pairs.ts';
import { greedyDecode } from '../src/decode/greedy.ts';
import type { AttentionMapInput } from '../src/plot.ts';
import { decodePhonemes, encodeLetters } from '../src/pronounce/alphabet.ts';
import { type ErrorRates, errorRates } from '../src/train/errorRate.ts';
import { train } from '../src/train/loop.ts';
import { Adam } from '../src/train/optimizer.ts';
import { warmupCosine } from '../src/train/schedule.ts';
import type { TrainingRuntime } from '../src/train/trainingRuntime.ts';
import type { Report, Result } from './experiment.ts';
import { whole } from './format.ts';
import type { Learner } from './mechanisms.ts';

/** How every model of an experiment is trained and measured. */
export interface Budget {
  /** Pronunciations seen in training; one epoch is 121,485. */
  readonly trainingWords: number;
  readonly batchSize: number;
  readonly warmupSteps: number;
  /** Held-out words that the figures are of; all 6,265 when absent. */
  readonly testWords?: number;
}

/** Error rates of the words of one length. */
export interface LengthFigures extends ErrorRates {
  /** Letters of the words, both included. */
  readonly from: number;
  readonly to: number;
}

/** A word that was pronounced, with what the model attended to. */
export interface Reading {
  readonly word: string;
  readonly phonemes: readonly string[];
  /** [phonemes and <eos>, letters]; rows are empty without attention. */
  readonly weights: readonly (readonly number[])[];
}

export interface PronunciationFigures extends ErrorRates {
  readonly parameters: number;
  readonly trainingSeconds: number;
  /** Pronounced in a second of processor time, greedy, in batches of 128, on one thread. */
  readonly wordsPerSecond: number;
  readonly byLength: readonly LengthFigures[];
  /** While training: pronunciations seen, and the error on validation words. */
  readonly curve: readonly { readonly words: number; readonly loss: number; readonly perNoStress: number }[];
  readonly reading: Reading;
}

/** The dictionary's words have 1 to 34 letters; few have more than 13. */
const LENGTHS: readonly (readonly [from: number, to: number])[] = [
  [1, 4],
  [5, 5],
  [6, 6],
  [7, 7],
  [8, 8],
  [9, 9],
  [10, 10],
  [11, 11],
  [12, 12],
  [13, 34],
];
/** Measured this often in training, on so many validation words. */
const CURVE_POINTS = 10;
const CURVE_WORDS = 500;
const CLIP_NORM = 1;
/** In no dictionary, so that no model has seen it. */
const READ_WORD = 'heedfulness';

/** `5`, or `13 to 34`. */
export const lengthLabel = ({ from, to }: LengthFigures): string =>
  from === to ? `${from}` : `${from} to ${to}`;

/** What was attended to in a reading, to be drawn. */
export function mapOf({ word, phonemes, weights }: Reading, title: string): AttentionMapInput {
  return {
    title,
    rows: weights.map((_, i) => phonemes[i] ?? '</s>'),
    columns: [...word],
    weights,
    rowsTitle: 'phonemes',
    columnsTitle: 'letters',
  };
}

/** What a table of these figures should be read with. */
export function madeWith({ settings, seed, machine }: Result<{ budget: Budget }, unknown>): string {
  const { trainingWords, batchSize } = settings.budget;
  return `Each model saw ${whole(trainingWords)} pronunciations in batches of ${batchSize}; seed ${seed}. Times are of one processor. ${machine}.`;
}

/** Trains a model and measures it. `trainingSeconds` and `wordsPerSecond` are of processor time. */
export async function pronunciationFigures(
  runtime: TrainingRuntime,
  untrained: Learner,
  budget: Budget,
  options: TeachingOptions,
): Promise<PronunciationFigures> {
  const dictionary = loadDictionary();
  const { learner, curve, seconds } = await teach(runtime, untrained, dictionary, budget, options);
  const test = spread(dictionary.test, budget.testWords ?? dictionary.test.length);
  const begun = processorSeconds();
  const predictions = predictGreedy(learner, test);
  const wordsPerSecond = test.length / (processorSeconds() - begun);
  return {
    ...errorRates(predictions),
    parameters: [...learner.parameters().values()].reduce((sum, { size }) => sum + size, 0),
    trainingSeconds: seconds,
    wordsPerSecond,
    byLength: byLength(predictions),
    curve,
    reading: read(learner, READ_WORD),
  };
}

interface TeachingOptions {
  readonly peak: number;
  readonly seed: number;
  readonly report: Report;
}

/** @returns the learner that came to the end: the one given, or its successor */
async function teach(
  runtime: TrainingRuntime,
  first: Learner,
  dictionary: Dictionary,
  budget: Budget,
  { peak, seed, report }: TeachingOptions,
): Promise<{ learner: Learner; curve: PronunciationFigures['curve']; seconds: number }> {
  const steps = Math.ceil(budget.trainingWords / budget.batchSize);
  const batchOf = batches(pairsOf(dictionary.train), budget.batchSize, seed);
  const validation = spread(dictionary.validation, Math.min(CURVE_WORDS, budget.testWords ?? CURVE_WORDS));
  const schedule = warmupCosine({ peak, warmupSteps: budget.warmupSteps, totalSteps: steps });
  const curve: { words: number; loss: number; perNoStress: number }[] = [];
  let losses: number[] = [];
  let seconds = 0;
  let started = processorSeconds();
  const learn = (learner: Learner, optimizer: Adam, until: number): Promise<unknown> =>
    train({
      runtime,
      parameters: learner.parameters(),
      optimizer,
      steps: until - optimizer.steps,
      schedule,
      clip: CLIP_NORM,
      loss: (step) =>
        learner.loss(batchOf(step).map(({ letters, phonemes }) => ({ source: letters, target: phonemes }))),
      onStep: ({ step, loss }) => {
        losses.push(loss);
        report(step + 1, steps, `loss ${loss.toFixed(3)}`);
        if (Math.floor(((step + 1) * CURVE_POINTS) / steps) === Math.floor((step * CURVE_POINTS) / steps))
          return;
        seconds += processorSeconds() - started;
        const { perNoStress } = measureGreedy(learner, validation);
        curve.push({ words: (step + 1) * budget.batchSize, loss: mean(losses), perNoStress });
        losses = [];
        started = processorSeconds();
      },
    });
  const { successor } = first;
  const optimizer = new Adam(first.parameters());
  await learn(first, optimizer, successor ? Math.floor(successor.after * steps) : steps);
  if (!successor) return { learner: first, curve, seconds };
  const learner = successor.begin();
  const next = new Adam(learner.parameters());
  const moments = [...optimizer.state()].map(([name, tensor]) => [name, tensor.toFloat32Array()] as const);
  next.restore(new Map(moments), optimizer.steps);
  await learn(learner, next, steps);
  return { learner, curve, seconds };
}

/** The batch of each step, epoch after epoch. */
function batches(pairs: readonly Pair[], batchSize: number, seed: number): (step: number) => readonly Pair[] {
  let current = { epoch: 0, batches: epochBatches(pairs, { seed, batchSize }, 0) };
  return (step) => {
    const epoch = Math.floor(step / current.batches.length);
    if (epoch !== current.epoch)
      current = { epoch, batches: epochBatches(pairs, { seed, batchSize }, epoch) };
    return current.batches[step % current.batches.length]!;
  };
}

/** So many entries from all over the list. */
function spread(entries: readonly Entry[], count: number): Entry[] {
  return Array.from({ length: count }, (_, i) => entries[Math.floor((i * entries.length) / count)]!);
}

function byLength(predictions: readonly WordPrediction[]): LengthFigures[] {
  return LENGTHS.flatMap(([from, to]) => {
    const those = predictions.filter(({ word }) => word.length >= from && word.length <= to);
    return those.length === 0 ? [] : [{ from, to, ...errorRates(those) }];
  });
}

function read(learner: Learner, word: string): Reading {
  const { ids, attention } = greedyDecode(learner.stepModel([encodeLetters(word)]), 2 * word.length)[0]!;
  const weights = attention.map((row) => Array.from(row, round));
  return { word, phonemes: decodePhonemes(ids), weights };
}

const round = (weight: number): number => Math.round(1e4 * weight) / 1e4;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of this process, user and system: what else runs on the machine does not add to it. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
