import { ArgumentError, DivergenceError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { clipGlobalNorm, globalNorm, type Optimizer } from './optimizer.ts';
import type { Schedule } from './schedule.ts';
import type { TrainingRuntime } from './trainingRuntime.ts';

/** What is known of a step after it. */
export interface TrainingStep {
  /** Counted from 0, over all calls with the same optimizer. */
  readonly step: number;
  readonly loss: number;
  /** Global norm of the gradients, before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
}

export interface TrainingOptions {
  readonly runtime: TrainingRuntime;
  /** What the loss is differentiated by. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly optimizer: Optimizer;
  /** The scalar loss of a step; what it allocates is freed. */
  readonly loss: (step: number) => Tensor;
  /** How many steps to take. */
  readonly steps: number;
  /** The learning rate of each step; the optimizer's own by default. */
  readonly schedule?: Schedule;
  /** Largest global norm of the gradients; none by default. */
  readonly clip?: number;
  readonly onStep?: (report: TrainingStep) => void | Promise<void>;
  /** Ends training between two steps. */
  readonly signal?: AbortSignal;
}

/** How long to compute before timers and events get their turn, in milliseconds. */
const BREATH = 50;

/**
 * Takes steps of gradient descent. Called again with the same optimizer it continues where that stands.
 * @returns the loss of each step
 * @throws ArgumentError unless steps is an integer of at least 0, clip positive, and learning rates at least 0; DivergenceError, naming the step, for a
 *   loss or gradients that are not finite, with parameters and optimizer as they were before that step; the signal's reason
 *   when it is aborted
 */
export async function train(options: TrainingOptions): Promise<number[]> {
  const { steps, clip, onStep, signal } = options;
  if (!(Number.isInteger(steps) && steps >= 0)) {
    throw new ArgumentError(`train: steps must be an integer of at least 0, got ${steps}`);
  }
  if (clip !== undefined && !(clip > 0)) throw new ArgumentError(`train: clip must be positive, got ${clip}`);
  const losses: number[] = [];
  let breathed = performance.now();
  while (losses.length < steps) {
    signal?.throwIfAborted();
    const report = takeStep(options);
    losses.push(report.loss);
    await onStep?.(report);
    if (performance.now() - breathed < BREATH) continue;
    await new Promise((resolve) => setTimeout(resolve));
    breathed = performance.now();
  }
  return losses;
}

function takeStep({
  runtime,
  parameters,
  optimizer,
  schedule,
  clip,
  loss: lossOf,
}: TrainingOptions): TrainingStep {
  const step = optimizer.steps;
  return runtime.scope(() => {
    const { loss, gradients } = runtime.gradients(() => lossOf(step), parameters);
    if (!Number.isFinite(loss)) throw new DivergenceError(`train: the loss of step ${step} is ${loss}`);
    const gradientNorm = clip === undefined ? globalNorm(gradients) : clipGlobalNorm(gradients, clip);
    if (!Number.isFinite(gradientNorm)) {
      throw new DivergenceError(`train: the norm of the gradients of step ${step} is ${gradientNorm}`);
    }
    const learningRate = schedule ? schedule(step) : optimizer.learningRate;
    if (!(learningRate >= 0)) {
      throw new ArgumentError(
        `train: the learning rate of step ${step} must be at least 0, got ${learningRate}`,
      );
    }
    optimizer.learningRate = learningRate;
    optimizer.step(gradients);
    return { step, loss, gradientNorm, learningRate };
  });
}
