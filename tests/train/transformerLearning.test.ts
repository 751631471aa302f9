import { describe, expect, it } from 'vitest';
import { beamSearch } from '../../src/decode/beam.ts';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { transformerBatch } from '../../src/models/transformer/batch.ts';
import { TransformerSeq2Seq } from '../../src/models/transformer/model.ts';
import { bucketedBatches } from '../../src/train/batches.ts';
import { Adam, clipGlobalNorm } from '../../src/train/optimizer.ts';
import { warmupCosine } from '../../src/train/schedule.ts';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { variants } from '../support/runtimes.ts';

const [PAD, START, END, FIRST] = [0, 1, 2, 3];
const LETTERS = 8;
const STEPS = 1000;
const HELD_OUT = 200;

describe.each(variants)('training a Transformer, %s', (variant) => {
  it('learns to reverse strings that it has not seen', async () => {
    using runtime = await trainingRuntime({ variant, seed: 11 });
    const { random } = runtime;
    const all = Array.from({ length: 4000 }, () =>
      Array.from({ length: 2 + random.integer(4) }, () => FIRST + random.integer(LETTERS)),
    );
    const heldOut = all.slice(0, HELD_OUT);
    const seen = new Set(heldOut.map((row) => row.join()));
    const train = all.slice(HELD_OUT).filter((row) => !seen.has(row.join()));
    const config = {
      sourceVocabulary: FIRST + LETTERS,
      targetVocabulary: FIRST + LETTERS,
      modelSize: 32,
      heads: 4,
      feedForwardSize: 64,
      encoderLayers: 1,
      decoderLayers: 1,
      normFirst: true,
      tiedEmbeddings: 'all',
      maxLength: 8,
      dropout: 0.05,
      paddingId: PAD,
      startId: START,
      endId: END,
    } as const;
    using model = TransformerSeq2Seq.create(runtime, config, random);
    const parameters = model.parameters();
    const optimizer = new Adam(parameters);
    const schedule = warmupCosine({ peak: 5e-3, warmupSteps: 100, totalSteps: STEPS });
    const losses: number[] = [];
    let used = 0;
    while (optimizer.steps < STEPS) {
      for (const rows of bucketedBatches(train, 64, ({ length }) => length, random)) {
        if (optimizer.steps === STEPS) break;
        runtime.scope(() => {
          const pairs = rows.map((source) => ({ source, target: [...source].reverse() }));
          const batch = transformerBatch(runtime, pairs, config);
          const { loss, gradients } = runtime.gradients(
            () => model.loss(batch, { random, labelSmoothing: 0.05 }),
            parameters,
          );
          clipGlobalNorm(gradients, 1);
          optimizer.learningRate = schedule(optimizer.steps);
          optimizer.step(gradients);
          losses.push(loss);
        });
        if (optimizer.steps === 2) used = runtime.memory.usedBytes;
      }
    }
    expect(runtime.memory.usedBytes, 'memory after all steps').toBe(used);
    expect(losses[0]).toBeGreaterThan(Math.log(LETTERS));
    const share = (decoded: readonly (readonly number[])[]) =>
      decoded.filter((ids, i) => ids.join() === [...heldOut[i]!].reverse().join()).length / HELD_OUT;
    const greedy = greedyDecode(model.stepModel(heldOut), 7);
    expect(share(greedy.map(({ ids }) => ids))).toBeGreaterThan(0.95);
    const beams = beamSearch(model.stepModel(heldOut), { beam: 4, maxLength: 7 });
    expect(share(beams.map(([best]) => best!.ids))).toBeGreaterThan(0.95);
  });
});
