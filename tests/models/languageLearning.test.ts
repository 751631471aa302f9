/** Language models learn what the rule of their data is, and not the data. */
import { describe, expect, it } from 'vitest';
import { beamSearch } from '../../src/decode/beam.ts';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { sampleDecode } from '../../src/decode/sample.ts';
import { causalBatch } from '../../src/models/causalLanguage/batch.ts';
import { CausalLanguageModel } from '../../src/models/causalLanguage/model.ts';
import { MaskedLanguageModel } from '../../src/models/maskedLanguage/model.ts';
import type { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { train } from '../../src/train/loop.ts';
import { maskTokens } from '../../src/train/masking.ts';
import { Adam } from '../../src/train/optimizer.ts';
import { warmupCosine } from '../../src/train/schedule.ts';
import { type TrainingRuntime, trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { variants } from '../support/runtimes.ts';

const LETTERS = 8;
const HELD_OUT = 200;
const sizes = { modelSize: 32, heads: 4, feedForwardSize: 64, layers: 2, normFirst: true } as const;

/** Trains to the end; its memory stays that of the second step. */
async function fit(
  runtime: TrainingRuntime,
  model: { parameters(): ReadonlyMap<string, Tensor> },
  steps: number,
  loss: () => Tensor,
): Promise<number[]> {
  let used = 0;
  const losses = await train({
    runtime,
    parameters: model.parameters(),
    optimizer: new Adam(model.parameters()),
    schedule: warmupCosine({ peak: 5e-3, warmupSteps: 50, totalSteps: steps }),
    steps,
    loss,
    onStep: ({ step }) => {
      if (step === 1) used = runtime.memory.usedBytes;
    },
  });
  expect(runtime.memory.usedBytes, 'memory after all steps').toBe(used);
  return losses;
}

/** `count` different words that have been drawn from `draw`, and a generator of words that are not among them. */
function heldOut(count: number, draw: () => number[]): { words: number[][]; other: () => number[] } {
  const words = new Map<string, number[]>();
  while (words.size < count) {
    const word = draw();
    words.set(word.join(), word);
  }
  const other = (): number[] => {
    const word = draw();
    return words.has(word.join()) ? other() : word;
  };
  return { words: [...words.values()], other };
}

const wordOf = (random: Random, least: number, most: number, first: number): number[] =>
  Array.from({ length: least + random.integer(most - least + 1) }, () => first + random.integer(LETTERS));

describe.each(variants)('training language models, %s', (variant) => {
  it('completes repetitions of tunes that it has not seen, whatever their period', async () => {
    const [MASK, FIRST, LENGTH, ROWS] = [0, 1, 12, 32];
    using runtime = await trainingRuntime({ variant, seed: 11 });
    const { random } = runtime;
    const vocabulary = FIRST + LETTERS;
    const { words, other } = heldOut(HELD_OUT, () => wordOf(random, 3, 4, FIRST));
    const repeated = (tune: readonly number[]) =>
      Array.from({ length: LENGTH }, (_, i) => tune[i % tune.length]!);
    const config = { ...sizes, vocabulary, maskId: MASK, maxLength: LENGTH, dropout: 0.02 };
    using model = MaskedLanguageModel.create(runtime, config, random);
    const losses = await fit(runtime, model, 700, () => {
      const ids = Array.from({ length: ROWS }, () => repeated(other())).flat();
      const { input, targets } = maskTokens(ids, { vocabulary, maskId: MASK, random });
      const batch = (values: Int32Array) => Tensor.from(runtime, values, [ROWS, LENGTH], 'i32');
      return model.loss({ input: batch(input), targets: batch(targets) }, { random });
    });
    expect(losses[0]).toBeGreaterThan(Math.log(LETTERS) / 2);
    const tests = words.map((tune) => ({ ids: repeated(tune), hidden: random.integer(LENGTH) }));
    const filled = model.fillMask(
      tests.map(({ ids, hidden }) => ids.map((id, at) => (at === hidden ? MASK : id))),
    );
    const right = tests.filter(({ ids, hidden }, i) => filled[i]![0]!.candidates[0]!.id === ids[hidden]);
    // Without the others a token is guessed in one of eight cases.
    expect(right.length / HELD_OUT).toBeGreaterThan(0.95);
  });

  it('writes words twice, and copies those of prompts that it has not seen', async () => {
    const [START, END, BAR, FIRST] = [0, 1, 2, 3];
    using runtime = await trainingRuntime({ variant, seed: 12 });
    const { random } = runtime;
    const { words, other } = heldOut(HELD_OUT, () => wordOf(random, 2, 5, FIRST));
    const twice = (word: readonly number[]) => [...word, BAR, ...word];
    const config = { ...sizes, vocabulary: FIRST + LETTERS, startId: START, endId: END, maxLength: 16 };
    using model = CausalLanguageModel.create(runtime, { ...config, dropout: 0.02 }, random);
    const losses = await fit(runtime, model, 1000, () => {
      const rows = Array.from({ length: 32 }, () => twice(other()));
      return model.loss(causalBatch(runtime, rows, config), { random });
    });
    expect(losses[0]).toBeGreaterThan(Math.log(LETTERS) / 2);
    const prompts = words.map((word) => [...word, BAR]);
    const share = (continued: readonly (readonly number[])[]) =>
      continued.filter((ids, i) => ids.join() === words[i]!.join()).length / HELD_OUT;
    const greedy = greedyDecode(model.stepModel(prompts), 9);
    expect(share(greedy.map(({ ids }) => ids))).toBeGreaterThan(0.95);
    const beams = beamSearch(model.stepModel(prompts), { beam: 3, maxLength: 9 });
    expect(share(beams.map(([best]) => best!.ids))).toBeGreaterThan(0.95);
    const options = { maxLength: 15, random, count: HELD_OUT, topP: 0.95 };
    const [written] = sampleDecode(model.stepModel([[]]), options);
    const legal = written!.filter(({ ids, ended }) => {
      const word = ids.slice(0, ids.indexOf(BAR));
      return ended && word.length >= 2 && word.length <= 5 && ids.join() === twice(word).join();
    });
    expect(legal.length / HELD_OUT).toBeGreaterThan(0.95);
    expect(new Set(legal.map(({ ids }) => ids.join())).size).toBeGreaterThan(HELD_OUT / 2);
  });
});
