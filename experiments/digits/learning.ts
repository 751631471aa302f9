/** How a reader learns: shorter rows of digits first, and hard attention from what soft attention has found. */
import type { Tensor } from '../../src/tensor/tensor.ts';
import { hardAttentionLoss } from '../../src/train/hardAttention.ts';
import { train } from '../../src/train/loop.ts';
import { Adam } from '../../src/train/optimizer.ts';
import { MovingBaseline } from '../../src/train/reinforce.ts';
import { warmupCosine } from '../../src/train/schedule.ts';
import type { TrainingRuntime } from '../../src/train/trainingRuntime.ts';
import type { Report } from '../experiment.ts';
import { percent } from '../format.ts';
import type { Canvas, CanvasSettings } from './canvas.ts';
import { type Attention, Reader, type ReaderSettings } from './reader.ts';
import { scoreReadings } from './reading.ts';

export interface LearningSettings {
  readonly steps: number;
  /** Canvases of a step. */
  readonly batchSize: number;
  readonly peak: number;
  readonly warmupSteps: number;
  /** The first steps are on canvases of fewer digits: they find out what digits look like and what to look at. */
  readonly begin: { readonly steps: number; readonly fewest: number; readonly most: number };
  /** Hard attention's first steps are soft; REINFORCE takes over after them. */
  readonly softSteps: number;
  /** lambda_e of eq. (12) in Xu 2015, the bonus for entropy. */
  readonly entropyWeight: number;
}

/** While training. */
export interface CurvePoint {
  /** Canvases learnt from. */
  readonly canvases: number;
  /** Of the validation canvases. */
  readonly digitsRight: number;
}

export interface Lesson {
  readonly attention: Attention;
  readonly settings: {
    readonly canvas: CanvasSettings;
    readonly reader: ReaderSettings;
    readonly learning: LearningSettings;
  };
  /** A new canvas to learn from. */
  readonly draw: (settings: CanvasSettings) => Canvas;
  readonly validation: readonly Canvas[];
  readonly report: Report;
}

const CURVE_POINTS = 20;
const CLIP_NORM = 5;

/** Trains a reader, which is the caller's to dispose. */
export async function teach(
  runtime: TrainingRuntime,
  lesson: Lesson,
): Promise<{ reader: Reader; curve: CurvePoint[] }> {
  const { attention, settings } = lesson;
  const { steps, softSteps } = settings.learning;
  const curve: CurvePoint[] = [];
  if (attention !== 'hard') {
    const reader = new Reader(runtime, attention, settings);
    using optimizer = new Adam(reader.parameters);
    await learn(runtime, lesson, { reader, optimizer, steps, curve, loss: softLoss(reader) });
    return { reader, curve };
  }
  using soft = new Reader(runtime, 'soft', settings);
  using before = new Adam(soft.parameters);
  const first = { reader: soft, optimizer: before, steps: softSteps, curve, loss: softLoss(soft) };
  const losses = await learn(runtime, lesson, first);
  const reader = new Reader(runtime, 'hard', settings);
  reader.copy(soft);
  using optimizer = new Adam(reader.parameters);
  const moments = [...before.state()].map(([name, tensor]) => [name, tensor.toFloat32Array()] as const);
  optimizer.restore(new Map(moments), before.steps);
  const baseline = new MovingBaseline(0.9, -losses.at(-1)!);
  const { entropyWeight } = settings.learning;
  const loss = (canvases: readonly Canvas[]): Tensor => {
    const cost = reader.model.hardLoss(reader.batch(canvases), { random: runtime.random });
    return hardAttentionLoss(cost, { baseline, entropyWeight });
  };
  await learn(runtime, lesson, { reader, optimizer, steps: steps - softSteps, curve, loss });
  return { reader, curve };
}

const softLoss =
  (reader: Reader) =>
  (canvases: readonly Canvas[]): Tensor =>
    reader.model.loss(reader.batch(canvases));

interface Stage {
  readonly reader: Reader;
  readonly optimizer: Adam;
  readonly steps: number;
  readonly loss: (canvases: readonly Canvas[]) => Tensor;
  /** Is continued. */
  readonly curve: CurvePoint[];
}

/** Goes on from where the optimizer stands. @returns the loss of each step */
function learn(
  runtime: TrainingRuntime,
  { settings, draw, validation, report }: Lesson,
  { reader, optimizer, steps, loss, curve }: Stage,
): Promise<number[]> {
  const { canvas, learning } = settings;
  const { batchSize, peak, warmupSteps, steps: totalSteps, begin } = learning;
  const shorter = { ...canvas, fewest: begin.fewest, most: begin.most };
  return train({
    runtime,
    parameters: reader.parameters,
    optimizer,
    steps,
    schedule: warmupCosine({ peak, warmupSteps, totalSteps }),
    clip: CLIP_NORM,
    loss: (step) => {
      const drawn = step < begin.steps ? shorter : canvas;
      return loss(Array.from({ length: batchSize }, () => draw(drawn)));
    },
    onStep: ({ step }) => {
      const done = step + 1;
      if (done % Math.ceil(totalSteps / CURVE_POINTS) === 0 || done === totalSteps) {
        const { digitsRight } = scoreReadings(validation, reader.read(validation), reader.grid, canvas);
        curve.push({ canvases: done * batchSize, digitsRight });
      }
      const right = curve.at(-1)?.digitsRight;
      report(done, totalSteps, right === undefined ? '' : `${percent(right)} of digits right`);
    },
  });
}
