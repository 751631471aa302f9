/** Every decoder with every cell learns to reverse strings that it has not seen. */
import { describe, expect, it } from 'vitest';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { pairBatch, type Seq2SeqBatch, type SequencePair } from '../../src/models/seq2seq/batch.ts';
import type { Seq2SeqConfig } from '../../src/models/seq2seq/config.ts';
import { Seq2Seq } from '../../src/models/seq2seq/model.ts';
import type { Random } from '../../src/tensor/random.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { hardAttentionLoss } from '../../src/train/hardAttention.ts';
import { Adam, clipGlobalNorm } from '../../src/train/optimizer.ts';
import { MovingBaseline } from '../../src/train/reinforce.ts';
import { scheduledSampling, warmupCosine } from '../../src/train/schedule.ts';
import { type TrainingRuntime, trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { variants } from '../support/runtimes.ts';

const ids = { paddingId: 0, startId: 1, endId: 2 } as const;
const LETTERS = 6;
const HELD_OUT = 200;

/** Three or four letters, and the same from behind. */
function pair(random: Random): SequencePair {
  const source = Array.from({ length: 3 + random.integer(2) }, () => 3 + random.integer(LETTERS));
  return { source, target: [...source].reverse() };
}

type Loss = (model: Seq2Seq, batch: Seq2SeqBatch, step: number) => Tensor;

/** Trains, and returns the model's results on strings that are not in the training data. */
function train(
  runtime: TrainingRuntime,
  config: Partial<Seq2SeqConfig>,
  steps: number,
  lossOf: Loss = (model, batch) => model.loss(batch),
) {
  const { random } = runtime;
  const heldOut = Array.from({ length: HELD_OUT }, () => pair(random));
  const unseen = new Set(heldOut.map(({ source }) => source.join()));
  const fresh = (): SequencePair => {
    for (;;) {
      const each = pair(random);
      if (!unseen.has(each.source.join())) return each;
    }
  };
  using model = Seq2Seq.create(
    runtime,
    {
      sourceVocabulary: 3 + LETTERS,
      targetVocabulary: 3 + LETTERS,
      embeddingSize: 16,
      encoderHidden: 16,
      encoderLayers: 1,
      decoderHidden: 32,
      ...ids,
      ...config,
    },
    random,
  );
  const parameters = model.parameters();
  const optimizer = new Adam(parameters);
  const schedule = warmupCosine({ peak: 1e-2, warmupSteps: 20, totalSteps: steps });
  let used = 0;
  while (optimizer.steps < steps) {
    runtime.scope(() => {
      const batch = pairBatch(runtime, Array.from({ length: 32 }, fresh), ids);
      const { gradients } = runtime.gradients(() => lossOf(model, batch, optimizer.steps), parameters);
      clipGlobalNorm(gradients, 1);
      optimizer.learningRate = schedule(optimizer.steps);
      optimizer.step(gradients);
    });
    if (optimizer.steps === 2) used = runtime.memory.usedBytes;
  }
  expect(runtime.memory.usedBytes, 'memory after all steps').toBe(used);
  const results = greedyDecode(model.stepModel(heldOut.map(({ source }) => source)), 6);
  const right = results.filter((result, i) => result.ids.join() === heldOut[i]!.target.join()).length;
  return { accuracy: right / HELD_OUT, results, heldOut };
}

describe.each(variants)('learning to reverse, %s', (variant) => {
  const decoders = ['luong', 'bahdanau', 'bahdanau-2014'] as const;
  const cells = ['lstm', 'gru', 'rnn'] as const;
  it.each(decoders.flatMap((decoder) => cells.map((cell) => ({ decoder, cell }))))(
    '$decoder, $cell',
    async (config) => {
      using runtime = await trainingRuntime({ variant, seed: 11 });
      expect(train(runtime, config, 200).accuracy).toBeGreaterThan(0.95);
    },
  );

  it.each(cells)('fixed-context, %s', async (cell) => {
    using runtime = await trainingRuntime({ variant, seed: 11 });
    expect(train(runtime, { decoder: 'fixed-context', cell }, 300).accuracy).toBeGreaterThan(0.85);
  });

  it('with the true tokens fed ever less often', async () => {
    using runtime = await trainingRuntime({ variant, seed: 11 });
    const { random } = runtime;
    const probability = scheduledSampling({ kind: 'linear', slope: 1 / 200 });
    const loss: Loss = (model, batch, step) =>
      model.loss(batch, { teacherForcing: probability(step), random });
    const config = { decoder: 'bahdanau', cell: 'gru' } as const;
    expect(train(runtime, config, 200, loss).accuracy).toBeGreaterThan(0.95);
  });

  it('with hard attention, which learns where to look from its rewards', async () => {
    using runtime = await trainingRuntime({ variant, seed: 12 });
    const { random } = runtime;
    const baseline = new MovingBaseline();
    const loss: Loss = (model, batch) =>
      hardAttentionLoss(model.hardLoss(batch, { random }), { baseline, entropyWeight: 0.01 });
    const config = { decoder: 'bahdanau', cell: 'gru', choice: 'hard' } as const;
    const { accuracy, results, heldOut } = train(runtime, config, 400, loss);
    expect(accuracy).toBeGreaterThan(0.95);
    // It looks where the letter stands.
    const looks = results.flatMap(({ attention }, i) =>
      heldOut[i]!.source.map((_, t, { length }) => {
        const row = attention[t]!;
        return row.indexOf(Math.max(...row)) === length - 1 - t;
      }),
    );
    expect(looks.filter(Boolean).length / looks.length).toBeGreaterThan(0.9);
  });
});
