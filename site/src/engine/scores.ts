/** What another score function, reach or choice would make of the states of a trained model. */
import { Random, type Runtime, scale } from 'heed';
import { Attention, type Reach, type ScoreFunction } from 'heed/models';
import { longestWord, type Pronouncer } from 'heed/pronounce';
import { statesOf, type WordStates } from './states.ts';

export interface ScoreSettings {
  readonly score: ScoreFunction;
  readonly reach: Reach['kind'];
  /** Of the window of local-m and local-p. */
  readonly halfWidth: number;
  readonly choice: 'soft' | 'hard';
  /** What scores are divided by before the softmax; above 0. */
  readonly temperature: number;
  /** Who asks: the decoder's states, one for each phoneme, or the encoder's own, one for each letter. */
  readonly queries: 'phonemes' | 'letters';
  /** Of the matrices that nobody trained. */
  readonly seed: number;
}

/** A map of weights [rows, columns], flat in row-major order. */
export interface ScoreMap {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly weights: Float32Array;
  /** Numbers drawn at random because the score or the reach has parameters. */
  readonly untrained: number;
  /**
   * How far the rows are from the model's own, in [0, 1]: half the sum of absolute differences, on average. Undefined where
   * letters ask, or the model has no attention.
   */
  readonly distance: number | undefined;
}

/**
 * Compares the states of a word by other scores. Those that have parameters get random ones: the model was not trained
 * with them.
 * @throws ArgumentError for what the score cannot compare, or cannot be combined; RangeError for a bad temperature
 */
export function scoreMap(
  pronouncer: Pronouncer,
  word: string,
  phonemes: readonly string[],
  settings: ScoreSettings,
): ScoreMap {
  const { runtime } = pronouncer;
  return runtime.scope(() => {
    const states = statesOf(pronouncer, word, phonemes);
    const queries = settings.queries === 'phonemes' ? states.decoder : states.encoder;
    const rows = settings.queries === 'phonemes' ? phonemes : states.letters;
    using attention = createAttention(runtime, settings, queries.shape[2]!, states.encoder.shape[2]!);
    const keys = isScaledByKeys(settings) ? scale(states.encoder, 1 / settings.temperature) : states.encoder;
    const read = attention.read(queries, attention.remember(keys), { position: 0 });
    const weights = read.hard
      ? chosen(read.hard.choice.toArray(), states.letters.length)
      : read.weights.toFloat32Array();
    const distance = settings.queries === 'phonemes' ? distanceOf(weights, states) : undefined;
    const parameters = [...attention.parameters().values()];
    const untrained = parameters.reduce((sum, { size }) => sum + size, 0);
    return { rows: [...rows], columns: states.letters, weights, untrained, distance };
  });
}

/** Parameters that a score is linear in, where its keys are not. */
const linearIn: Partial<Record<ScoreFunction, string>> = {
  additive: 'attn_v.weight',
  concat: 'attn_v.weight',
  location: 'attn.weight',
};

function isScaledByKeys({ score }: ScoreSettings): boolean {
  return score !== 'cosine' && linearIn[score] === undefined;
}

function createAttention(
  runtime: Runtime,
  { score, reach, halfWidth, choice, temperature, seed }: ScoreSettings,
  querySize: number,
  keySize: number,
): Attention {
  if (!(temperature > 0)) throw new RangeError(`scores: temperature must be above 0, got ${temperature}`);
  const config = { score, choice, querySize, keySize, maxKeys: longestWord, strength: 1 / temperature };
  const attention = Attention.create(
    runtime,
    { ...config, reach: reach === 'global' ? { kind: reach } : { kind: reach, halfWidth } },
    new Random(seed),
  );
  const parameter = attention.parameters().get(linearIn[score] ?? '');
  parameter?.set(parameter.toFloat32Array().map((value) => value / temperature));
  return attention;
}

/** Rows with a 1 where the choice fell; a choice of -1 is none. */
function chosen(choices: ArrayLike<number>, columns: number): Float32Array {
  const weights = new Float32Array(choices.length * columns);
  for (let row = 0; row < choices.length; row++) {
    if (choices[row]! >= 0) weights[row * columns + choices[row]!] = 1;
  }
  return weights;
}

function distanceOf(weights: Float32Array, { letters, weights: own }: WordStates): number | undefined {
  if (own.length !== weights.length) return undefined;
  const sum = weights.reduce((total, weight, i) => total + Math.abs(weight - own[i]!), 0);
  return sum / 2 / (weights.length / letters.length);
}
