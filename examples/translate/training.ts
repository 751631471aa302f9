/** Training a translator on pairs. */
import { ArgumentError, Random } from 'heed';
import { type SequencePair, transformerBatch } from 'heed/models';
import { Adam, bucketedBatches, type TrainingRuntime, train, warmupCosine } from 'heed/train';
import type { Pair } from './pairs.ts';
import type { Recipe } from './recipe.ts';
import type { Translator } from './translator.ts';
import { ids } from './vocabulary.ts';

/** How long to train: steps, which give the same weights again on the same engine, or minutes. */
export type Budget = { readonly steps: number } | { readonly minutes: number };

export interface Progress {
  readonly step: number;
  /** Done of the budget, 0 to 1. */
  readonly share: number;
  /** Mean loss of the last steps. */
  readonly loss: number;
}

export interface TrainingOptions {
  readonly runtime: TrainingRuntime;
  readonly translator: Translator;
  readonly pairs: readonly Pair[];
  readonly recipe: Recipe;
  readonly budget: Budget;
  readonly seed: number;
  /** The phrase that a pair is a variant of; by default its source. */
  readonly phraseOf?: (pair: Pair) => string;
  readonly onStep?: (progress: Progress) => void | Promise<void>;
}

/** Steps of the schedule, over which the budget is spread. */
const SCHEDULE = 10_000;

/**
 * Trains on the pairs that fit the model's longest text.
 * @returns how many steps were taken, and how many pairs were too long
 * @throws ArgumentError without a pair that fits
 */
export async function trainTranslator(options: TrainingOptions): Promise<{ steps: number; tooLong: number }> {
  const { runtime, translator, recipe, budget, seed, onStep } = options;
  const { model } = translator;
  const usable = options.pairs.filter((pair) => fits(translator, pair, recipe.maxLength));
  if (usable.length === 0) {
    throw new ArgumentError(`train: no pair has at most ${recipe.maxLength} tokens`);
  }
  const random = new Random(seed);
  const batches = batchesOf({ ...options, pairs: usable }, random);
  const started = performance.now();
  const share = (step: number): number =>
    Math.min(
      1,
      'steps' in budget ? step / budget.steps : (performance.now() - started) / 60_000 / budget.minutes,
    );
  const rates = warmupCosine({
    peak: recipe.peakLearningRate,
    warmupSteps: recipe.warmup * SCHEDULE,
    totalSteps: SCHEDULE,
  });
  const parameters = model.parameters();
  using optimizer = new Adam(parameters, { betas: [0.9, 0.998], weightDecay: recipe.weightDecay });
  const { labelSmoothing, clip } = recipe;
  let mean: number | undefined;
  while (share(optimizer.steps) < 1) {
    await train({
      runtime,
      parameters,
      optimizer,
      steps: 1,
      schedule: (step) => rates(Math.floor(share(step) * (SCHEDULE - 1))),
      clip,
      loss: () =>
        model.loss(transformerBatch(runtime, batches.next().value!, ids), { random, labelSmoothing }),
      onStep: ({ step, loss }) => {
        mean = mean === undefined ? loss : 0.98 * mean + 0.02 * loss;
        return onStep?.({ step: step + 1, share: share(step + 1), loss: mean });
      },
    });
  }
  return { steps: optimizer.steps, tooLong: options.pairs.length - usable.length };
}

function fits({ target }: Translator, pair: Pair, most: number): boolean {
  // A source is longest when all of its words happen to be spelled; a target begins with the start.
  return [...pair.source].length < most && target.encode(pair.target).length < most;
}

/** Batches without end, epoch after epoch. */
function* batchesOf(
  { translator, pairs, recipe, phraseOf = ({ source }) => source }: TrainingOptions,
  random: Random,
): Generator<SequencePair[], never> {
  const phrases = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const phrase = phraseOf(pair);
    const variants = phrases.get(phrase);
    if (variants) variants.push(pair);
    else phrases.set(phrase, [pair]);
  }
  for (;;) {
    const chosen = [...phrases.values()].flatMap((variants) =>
      random.shuffle(variants).slice(0, recipe.variants),
    );
    const items = [...chosen, ...joinedPairs(chosen, translator, recipe, random)].map(
      ({ source, target }) => ({
        source: translator.source.encode(source, recipe.spelling, random),
        target: translator.target.encode(target),
      }),
    );
    // Both lengths matter for padding; the source's first.
    const length = ({ source, target }: SequencePair): number => source.length * 1000 + target.length;
    yield* bucketedBatches(items, recipe.batchSize, length, random);
  }
}

/** Pairs joined by two, as far as they fit. */
function joinedPairs(
  pairs: readonly Pair[],
  translator: Translator,
  { joined, maxLength }: Recipe,
  random: Random,
): Pair[] {
  const some = (): Pair => pairs[random.integer(pairs.length)]!;
  return Array.from({ length: Math.round(joined * pairs.length) }, () => {
    const [a, b] = [some(), some()];
    return { source: `${a.source} ${b.source}`, target: `${a.target} ${b.target}` };
  }).filter((pair) => fits(translator, pair, maxLength));
}
