import { describe, expect, it } from 'vitest';
import { ArgumentError, DivergenceError } from '../../src/errors.ts';
import { Linear } from '../../src/layers/linear.ts';
import { add, multiply, scale, sum } from '../../src/ops/elementwise.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { type TrainingStep, train } from '../../src/train/loop.ts';
import { Adam, clipGlobalNorm } from '../../src/train/optimizer.ts';
import { inverseSquareRoot } from '../../src/train/schedule.ts';
import { SGD } from '../../src/train/sgd.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('train, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);

  /** A line to fit, y = 2 x1 - 3 x2 + 1, at points of the step. */
  const problem = () => {
    const model = Linear.create(runtime, { inputs: 2, outputs: 1 }, new Random(1));
    const parameters = model.parameters();
    const loss = (step: number): Tensor => {
      const random = new Random(step);
      const points = Float32Array.from({ length: 32 }, () => 2 * random.uniform() - 1);
      const wanted = Float32Array.from(
        { length: 16 },
        (_, i) => 2 * points[2 * i]! - 3 * points[2 * i + 1]! + 1,
      );
      const y = model.forward(Tensor.from(runtime, points, [16, 2]));
      const difference = add(y, scale(Tensor.from(runtime, wanted, [16, 1]), -1));
      return scale(sum(multiply(difference, difference)), 1 / 16);
    };
    const values = () => [...parameters.values()].flatMap((tensor) => [...tensor.toArray()]);
    return { runtime, model, parameters, loss, values };
  };

  it('learns, and keeps no memory', async () => {
    const { model, parameters, loss, values } = problem();
    using optimizer = new SGD(parameters, { learningRate: 0.2, momentum: 0.5 });
    const options = { runtime, parameters, optimizer, loss, clip: 10 };
    const [first] = await train({ ...options, steps: 2 });
    const before = runtime.memory.usedBytes;
    const losses = await train({ ...options, steps: 200 });
    expect(runtime.memory.usedBytes).toBe(before);
    expect(optimizer.steps).toBe(202);
    expect(losses.length).toBe(200);
    expect(losses.at(-1)).toBeLessThan(1e-9);
    expect(first).toBeGreaterThan(1);
    [2, -3, 1].forEach((value, i) => {
      expect(values()[i]).toBeCloseTo(value, 4);
    });
    model.dispose();
  });

  it('takes the steps that are written out here, to the bit, in one call or several', async () => {
    const schedule = inverseSquareRoot({ peak: 0.1, warmupSteps: 3 });
    const [byHand, whole, parts] = [problem(), problem(), problem()];
    const optimizers = [byHand, whole, parts].map(({ parameters }) => new Adam(parameters));
    const expected: TrainingStep[] = [];
    for (let step = 0; step < 8; step++) {
      runtime.scope(() => {
        const { loss, gradients } = runtime.gradients(() => byHand.loss(step), byHand.parameters);
        const gradientNorm = clipGlobalNorm(gradients, 0.5);
        const learningRate = schedule(step);
        optimizers[0]!.learningRate = learningRate;
        optimizers[0]!.step(gradients);
        expected.push({ step, loss, gradientNorm, learningRate });
      });
    }
    for (const [each, optimizer, calls] of [
      [whole, optimizers[1]!, [8]],
      [parts, optimizers[2]!, [3, 0, 5]],
    ] as const) {
      const reports: TrainingStep[] = [];
      const losses: number[] = [];
      for (const steps of calls) {
        const onStep = (report: TrainingStep) => void reports.push(report);
        const { parameters, loss } = each;
        losses.push(
          ...(await train({ runtime, parameters, optimizer, loss, steps, schedule, clip: 0.5, onStep })),
        );
      }
      expect(reports).toEqual(expected);
      expect(losses).toEqual(expected.map(({ loss }) => loss));
      expect(each.values()).toEqual(byHand.values());
    }
    for (const each of [byHand.model, whole.model, parts.model, ...optimizers]) each.dispose();
  });

  it('stops before it learns from what is not finite, and leaves everything as it was', async () => {
    for (const [factor, message] of [
      [NaN, 'train: the loss of step 3 is NaN'],
      [Infinity, 'train: the loss of step 3 is Infinity'],
      // The loss is finite, its gradient is not.
      [0, 'train: the norm of the gradients of step 3 is NaN'],
    ] as const) {
      const { model, parameters, loss, values } = problem();
      using optimizer = new Adam(parameters);
      const options = { runtime, parameters, optimizer };
      await train({ ...options, loss, steps: 3 });
      const [before, used] = [values(), runtime.memory.usedBytes];
      const moments = [...optimizer.state().values()].map((tensor) => tensor.toArray());
      const broken = (step: number): Tensor =>
        factor === 0 ? steepZero(parameters.get('bias')!) : scale(loss(step), factor);
      const failing = train({ ...options, loss: broken, steps: 3 });
      await expect(failing).rejects.toThrow(new DivergenceError(message));
      await expect(failing).rejects.toBeInstanceOf(DivergenceError);
      expect(values()).toEqual(before);
      expect([...optimizer.state().values()].map((tensor) => tensor.toArray())).toEqual(moments);
      expect(optimizer.steps).toBe(3);
      expect(runtime.memory.usedBytes).toBe(used);
      model.dispose();
    }
  });

  it('ends between two steps when it is told to, also by a timer', async () => {
    const { model, parameters, loss } = problem();
    using optimizer = new SGD(parameters);
    const options = { runtime, parameters, optimizer, loss, steps: 1e9 };
    const controller = new AbortController();
    const reason = new Error('enough');
    const onStep = ({ step }: TrainingStep) => {
      if (step === 4) controller.abort(reason);
    };
    await expect(train({ ...options, onStep, signal: controller.signal })).rejects.toBe(reason);
    expect(optimizer.steps).toBe(5);
    await expect(train({ ...options, signal: AbortSignal.timeout(10) })).rejects.toThrow();
    expect(runtime.tape).toBeUndefined();
    model.dispose();
  });

  it('refuses what does not fit before the first step', async () => {
    const { model, parameters, loss, values } = problem();
    using optimizer = new SGD(parameters);
    const options = { runtime, parameters, optimizer, loss, steps: 1 };
    const before = values();
    for (const [more, message] of [
      [{ steps: -1 }, 'train: steps must be an integer of at least 0, got -1'],
      [{ steps: 1.5 }, 'train: steps must be an integer of at least 0, got 1.5'],
      [{ clip: 0 }, 'train: clip must be positive, got 0'],
      [{ schedule: () => NaN }, 'train: the learning rate of step 0 must be at least 0, got NaN'],
    ] as const) {
      await expect(train({ ...options, ...more })).rejects.toThrow(new ArgumentError(message));
    }
    expect(values()).toEqual(before);
    expect(optimizer.steps).toBe(0);
    model.dispose();
  });

  /** 0, whose gradient overflows: 0 x * huge * huge. */
  function steepZero(x: Tensor): Tensor {
    const huge = Tensor.from(runtime, [3e38], x.shape);
    return sum(multiply(multiply(scale(x, 0), huge), huge));
  }
});
