/** Decoding by chance: temperature (Ackley 1985), top-k (Fan 2018) and nucleus sampling, top-p (Holtzman 2020). */
import { ArgumentError } from '../errors.ts';
import { Random } from '../tensor/random.ts';
import { decodeRows } from './rows.ts';
import { type Hypothesis, limitsOf, type MaxLength, type StepModel } from './stepModel.ts';

/**
 * What a token is drawn from: softmax(logits / temperature), of which the k best remain, of which the smallest set whose
 * probability reaches p remains. In that order, as Hugging Face has them; each set's probabilities are scaled to a sum of 1.
 */
export interface SamplingOptions {
  /** Positive; 1 by default. Below 1 the probable become more probable. */
  readonly temperature?: number;
  /** A positive integer; all by default. Tokens as probable as the k-th remain with it. */
  readonly topK?: number;
  /** In (0, 1]; 1 by default. Of tokens equally probable the lower ids come first. */
  readonly topP?: number;
}

export interface SampleDecodeOptions extends SamplingOptions {
  readonly maxLength: MaxLength;
  /** Equal states give equal hypotheses. */
  readonly random: Random;
  /** Hypotheses of each item; 1 by default. */
  readonly count?: number;
}

/**
 * Draws `count` hypotheses for each item, token by token; many items side by side, those that have ended being dropped
 * from the batch. Each hypothesis has a generator of its own: what is drawn beside it does not change it.
 * @returns by item, in the order drawn; logProbability is that of the model, without temperature and cuts
 * @throws ArgumentError for options outside their ranges, before the model is started, and as `sampleToken` does
 */
export function sampleDecode<State>(model: StepModel<State>, options: SampleDecodeOptions): Hypothesis[][] {
  const { maxLength, random, count = 1 } = options;
  checkSampling('sampleDecode', options);
  if (!(Number.isInteger(count) && count > 0)) {
    throw new ArgumentError(`sampleDecode: count must be a positive integer, got ${count}`);
  }
  const limits = limitsOf('sampleDecode', maxLength, model.items).flatMap((limit) =>
    new Array<number>(count).fill(limit),
  );
  const generators = limits.map(() => new Random(random.bits()));
  const hypotheses = decodeRows(model, limits, (logProbabilities, hypothesis) =>
    sampleToken(logProbabilities, generators[hypothesis]!.uniform(), options),
  );
  return Array.from({ length: model.items }, (_, item) => hypotheses.slice(item * count, (item + 1) * count));
}

/**
 * Draws a token.
 * @param logits [vocabulary], or log-probabilities; -infinity for what is impossible
 * @param uniform a random number in [0, 1), the only source of chance
 * @returns an id whose probability is not 0
 * @throws ArgumentError for options or a number outside their ranges, logits that are NaN or infinity, or none above -infinity
 */
export function sampleToken(logits: Float32Array, uniform: number, options: SamplingOptions = {}): number {
  checkSampling('sampleToken', options);
  if (!(uniform >= 0 && uniform < 1)) {
    throw new ArgumentError(`sampleToken: uniform must lie in [0, 1), got ${uniform}`);
  }
  const { temperature = 1, topK = logits.length, topP = 1 } = options;
  let largest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (!(logit < Number.POSITIVE_INFINITY)) {
      throw new ArgumentError(`sampleToken: logits must be finite or -infinity, got ${logit} at index ${id}`);
    }
    if (logit > largest) largest = logit;
  }
  if (largest === Number.NEGATIVE_INFINITY) {
    throw new ArgumentError(
      `sampleToken: one of the ${logits.length} logits must be above -infinity, got none`,
    );
  }
  const weightOf = (logit: number): number => Math.exp((logit - largest) / temperature);
  const { threshold, ties } =
    topK < logits.length || topP < 1
      ? cut(logits, topK, topP, weightOf)
      : { threshold: Number.NEGATIVE_INFINITY, ties: logits.length };
  const weights = new Float64Array(logits.length);
  let total = 0;
  let tied = 0;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (logit < threshold || (logit === threshold && tied++ >= ties)) continue;
    total += weights[id] = weightOf(logit);
  }
  // Summed in the same order, so that the last one reaches the total exactly.
  const target = uniform * total;
  let sum = 0;
  return weights.findIndex((weight) => {
    sum += weight;
    return sum > target;
  });
}

/** The smallest logit that remains, and how many equal to it do. */
function cut(
  logits: Float32Array,
  topK: number,
  topP: number,
  weightOf: (logit: number) => number,
): { threshold: number; ties: number } {
  // Only what the k best reach is sorted: vocabularies are large.
  const kth = topK < logits.length ? kthLargest(logits, topK) : Number.NEGATIVE_INFINITY;
  const ascending = logits.filter((logit) => logit >= kth).sort();
  let from = 0;
  if (topP < 1) {
    let total = 0;
    for (let i = ascending.length - 1; i >= 0; i--) total += weightOf(ascending[i]!);
    from = ascending.length;
    for (let sum = 0; from > 0 && sum < topP * total; ) sum += weightOf(ascending[--from]!);
  }
  const threshold = ascending[from]!;
  let end = from;
  while (end < logits.length && ascending[end] === threshold) end++;
  return { threshold, ties: end - from };
}

/** Keeps the k largest in order: few of many enter them. */
function kthLargest(values: Float32Array, k: number): number {
  if (k > 256) return Float32Array.from(values).sort()[values.length - k]!;
  const largest = new Float32Array(k).fill(Number.NEGATIVE_INFINITY);
  for (const value of values) {
    if (value <= largest[0]!) continue;
    let place = 0;
    while (place + 1 < k && largest[place + 1]! < value) {
      largest[place] = largest[place + 1]!;
      place++;
    }
    largest[place] = value;
  }
  return largest[0]!;
}

function checkSampling(where: string, { temperature = 1, topK = 1, topP = 1 }: SamplingOptions): void {
  if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new ArgumentError(
      `${where}: temperature must be positive and finite, got ${temperature}; greedyDecode takes the most probable token`,
    );
  }
  if (!(Number.isInteger(topK) && topK > 0)) {
    throw new ArgumentError(`${where}: topK must be a positive integer, got ${topK}`);
  }
  if (!(topP > 0 && topP <= 1)) throw new ArgumentError(`${where}: topP must lie in (0, 1], got ${topP}`);
}
