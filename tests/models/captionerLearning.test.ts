import { describe, expect, it } from 'vitest';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { captionBatch } from '../../src/models/captioner/batch.ts';
import type { CaptionerConfig } from '../../src/models/captioner/config.ts';
import { Captioner } from '../../src/models/captioner/model.ts';
import { add } from '../../src/ops/elementwise.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { Adam, clipGlobalNorm } from '../../src/train/optimizer.ts';
import { MovingBaseline, reinforce } from '../../src/train/reinforce.ts';
import { type TrainingRuntime, trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { variants } from '../support/runtimes.ts';
import { type Canvas, drawCanvas, END, FIRST, HEIGHT, massOn, PAD, SHAPES, START, WIDTH } from './canvas.ts';

const BATCH = 32;
const HELD_OUT = 200;

const config: CaptionerConfig = {
  channels: 1,
  height: HEIGHT,
  width: WIDTH,
  // A grid of 1 x 3: each place as large as what holds a shape.
  blocks: [{ channels: 16 }, { channels: 32, pool: 4 }],
  vocabulary: FIRST + Object.keys(SHAPES).length,
  embeddingSize: 12,
  decoderHidden: 32,
  paddingId: PAD,
  startId: START,
  endId: END,
};

function imagesOf(runtime: TrainingRuntime, canvases: readonly Canvas[]): Tensor {
  const pixels = canvases.flatMap((canvas) => [...canvas.pixels]);
  return Tensor.from(runtime, pixels, [canvases.length, 1, HEIGHT, WIDTH]);
}

interface Outcome {
  /** Share of the unseen canvases whose shapes are all named, in order. */
  readonly accuracy: number;
  /** Mean share of the attention that is on the shape being named, and on the one after it. */
  readonly onNamed: number;
  readonly onNext: number;
}

/** Trains a new model; hard attention is rewarded with `rewardWeight`. */
async function learn(
  variant: (typeof variants)[number],
  choice: 'soft' | 'hard',
  steps: number,
  { learningRate, rewardWeight = 1 }: { learningRate: number; rewardWeight?: number },
): Promise<Outcome> {
  using runtime = await trainingRuntime({ variant, seed: 7 });
  using model = Captioner.create(runtime, { ...config, choice }, runtime.random);
  const adam = new Adam(model.parameters(), { learningRate, weightDecay: 0 });
  const [painter, sampler, baseline] = [new Random(99), new Random(3), new MovingBaseline(0.9, -5)];
  for (let step = 0; step < steps; step++) {
    runtime.scope(() => {
      const canvases = Array.from({ length: BATCH }, () => drawCanvas(painter));
      const captions = canvases.map(({ caption }) => caption);
      const batch = captionBatch(runtime, imagesOf(runtime, canvases), captions, config);
      let rewards: ArrayLike<number> = [];
      const { gradients } = runtime.gradients(() => {
        const { loss, logLikelihoods, ...choices } = model.hardLoss(batch, { random: sampler });
        rewards = logLikelihoods;
        if (choice === 'soft') return loss;
        const options = { rewards, baseline: baseline.value, rewardWeight, entropyWeight: 0.02 };
        return add(loss, reinforce({ ...choices, ...options }));
      }, model.parameters());
      baseline.update(rewards);
      clipGlobalNorm(gradients, 5);
      adam.step(gradients);
    });
  }
  return runtime.scope(() => outcomeOf(runtime, model));
}

function outcomeOf(runtime: TrainingRuntime, model: Captioner): Outcome {
  const unseen = new Random(77);
  const canvases = Array.from({ length: HELD_OUT }, () => drawCanvas(unseen));
  const hypotheses = greedyDecode(model.stepModel(imagesOf(runtime, canvases)), 5);
  let [right, named, onNamed, onNext] = [0, 0, 0, 0];
  canvases.forEach(({ caption, boxes }, i) => {
    const { ids, attention } = hypotheses[i]!;
    if (ids.join() === caption.join()) right++;
    for (let t = 0; t < Math.min(boxes.length, attention.length); t++) {
      named++;
      onNamed += massOn(attention[t]!, boxes[t]!, model.gridSize);
      onNext += massOn(attention[t]!, boxes[(t + 1) % boxes.length]!, model.gridSize);
    }
  });
  return { accuracy: right / HELD_OUT, onNamed: onNamed / named, onNext: onNext / named };
}

describe.each(variants)('a captioner learns to name shapes from left to right, %s', (variant) => {
  it('with soft attention, which lies on the shape that is named', { timeout: 60_000 }, async () => {
    const outcome = await learn(variant, 'soft', 250, { learningRate: 0.006 });
    console.log(`soft, ${variant}:`, outcome);
    expect(outcome.accuracy).toBeGreaterThan(0.93);
    expect(outcome.onNamed).toBeGreaterThan(0.7);
    expect(outcome.onNext).toBeLessThan(0.2);
  });

  it('with hard attention, thanks to REINFORCE', { timeout: 60_000 }, async () => {
    const blind = await learn(variant, 'hard', 300, { learningRate: 0.008, rewardWeight: 0 });
    const outcome = await learn(variant, 'hard', 300, { learningRate: 0.008 });
    console.log(`hard, ${variant}:`, outcome, 'without reward:', blind);
    // Unrewarded, it looks anywhere: what it can name, it knows from the mean annotation that begins its state.
    expect(Math.abs(blind.onNamed - 1 / 3)).toBeLessThan(0.1);
    expect(outcome.accuracy).toBeGreaterThan(blind.accuracy + 0.3);
    expect(outcome.accuracy).toBeGreaterThan(0.8);
    expect(outcome.onNamed).toBeGreaterThan(0.8);
  });
});
