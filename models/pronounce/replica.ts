/** One thread's copy of the model in training. All replicas take the same steps and hold the same weights. */
import { FormatError } from '../../src/errors.ts';
import { Seq2Seq } from '../../src/models/seq2seq/model.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { Adam, clipGlobalNorm } from '../../src/train/optimizer.ts';
import { type Schedule, warmupCosine } from '../../src/train/schedule.ts';
import { type TrainingRuntime, trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { readCheckpoint } from './checkpoint.ts';
import { GradientExchange } from './gradientExchange.ts';
import { epochBatches, type Pair, toBatch, tokensOf } from './pairs.ts';
import type { Recipe } from './recipe.ts';

/** What a thread needs to take part. Structured-cloneable. */
export interface ReplicaOptions {
  readonly recipe: Recipe;
  readonly pairs: readonly Pair[];
  /** Which of the threads this is, counted from 0. */
  readonly thread: number;
  readonly threads: number;
  /** File to continue from. */
  readonly checkpoint?: string;
  /** The other threads' exchange. */
  readonly exchange?: SharedArrayBuffer;
}

/** Measured on one step. */
export interface StepReport {
  readonly step: number;
  /** Mean cross-entropy of a target token, with label smoothing and dropout. */
  readonly loss: number;
  /** Global norm of the gradients before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly pairs: number;
}

/** Adam's decay rates. */
export const betas = [0.9, 0.998] as const;

/** The learning rate of each of `totalSteps` steps. */
export function learningRates(recipe: Recipe, totalSteps: number): Schedule {
  return warmupCosine({
    peak: recipe.peakLearningRate,
    warmupSteps: Math.min(recipe.warmupSteps, totalSteps - 1),
    totalSteps,
  });
}

export class Replica {
  readonly runtime: TrainingRuntime;
  readonly model: Seq2Seq;
  readonly optimizer: Adam;
  readonly exchange: GradientExchange;
  readonly stepsPerEpoch: number;
  readonly #options: ReplicaOptions;
  readonly #schedule: Schedule;

  static async create(options: ReplicaOptions): Promise<Replica> {
    return new Replica(options, await trainingRuntime({ seed: options.recipe.seed }));
  }

  private constructor(options: ReplicaOptions, runtime: TrainingRuntime) {
    const { recipe, pairs, threads, checkpoint } = options;
    this.#options = options;
    this.runtime = runtime;
    this.model = Seq2Seq.create(runtime, recipe.model, runtime.random);
    const parameters = this.model.parameters();
    this.optimizer = new Adam(parameters, { betas, weightDecay: recipe.weightDecay });
    if (checkpoint) {
      const saved = readCheckpoint(checkpoint, recipe);
      for (const [name, tensor] of parameters) {
        const values = saved.parameters.get(name);
        if (!values) throw new FormatError(`checkpoint ${checkpoint}: parameter ${name} is missing`);
        tensor.set(values);
      }
      this.optimizer.restore(saved.moments, saved.step);
    }
    this.stepsPerEpoch = epochBatches(pairs, recipe, 0).length;
    this.#schedule = learningRates(recipe, this.totalSteps);
    const count = [...parameters.values()].reduce((sum, { size }) => sum + size, 0);
    this.exchange = new GradientExchange(count, recipe.shards, threads, options.exchange);
  }

  get totalSteps(): number {
    return this.#options.recipe.epochs * this.stepsPerEpoch;
  }

  /** Takes the remaining steps of the current epoch; the generator's consumer sees each. */
  *epoch(): Generator<StepReport> {
    const { recipe, pairs } = this.#options;
    const epoch = Math.floor(this.optimizer.steps / this.stepsPerEpoch);
    const batches = epochBatches(pairs, recipe, epoch);
    for (const batch of batches.slice(this.optimizer.steps % this.stepsPerEpoch)) yield this.#step(batch);
  }

  #step(batch: readonly Pair[]): StepReport {
    const { recipe, thread, threads } = this.#options;
    const { runtime, optimizer, model, exchange } = this;
    const step = optimizer.steps;
    const parameters = model.parameters();
    return runtime.scope(() => {
      for (let shard = thread; shard < recipe.shards; shard += threads) {
        const pairs = batch.filter((_, i) => i % recipe.shards === shard);
        runtime.scope(() => {
          const result = this.#gradients(
            pairs,
            tokensOf(batch),
            (recipe.seed * 1_000_003 + step) * recipe.shards + shard,
          );
          exchange.write(shard, result.loss, result.gradients);
        });
      }
      const buffers = new Map(
        [...parameters].map(([name, { shape }]) => [name, Tensor.empty(runtime, shape)]),
      );
      const loss = exchange.sum(buffers);
      const gradientNorm = clipGlobalNorm(buffers, recipe.clipNorm);
      optimizer.learningRate = this.#schedule(step);
      optimizer.step(buffers);
      return {
        step: optimizer.steps,
        loss,
        gradientNorm,
        learningRate: optimizer.learningRate,
        pairs: batch.length,
      };
    });
  }

  /** Gradients of a shard's part of the batch's mean loss. */
  #gradients(
    pairs: readonly Pair[],
    divisor: number,
    seed: number,
  ): { loss: number; gradients: ReadonlyMap<string, Tensor> } {
    const { runtime, model } = this;
    if (pairs.length === 0) {
      const none = [...model.parameters()].map(
        ([name, { shape }]) => [name, Tensor.zeros(runtime, shape)] as const,
      );
      return { loss: 0, gradients: new Map(none) };
    }
    const { labelSmoothing } = this.#options.recipe;
    const tensors = toBatch(runtime, pairs);
    const random = new Random(seed);
    return runtime.gradients(
      () => model.loss(tensors, { random, labelSmoothing, divisor }),
      model.parameters(),
    );
  }
}
