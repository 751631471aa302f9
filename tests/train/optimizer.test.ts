import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { linear } from '../../src/ops/linear.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { Adam, type AdamOptions, clipGlobalNorm, globalNorm } from '../../src/train/optimizer.ts';
import { adam } from '../reference/adam.ts';
import { expectClose } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('Adam, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const named = (entries: Record<string, Tensor>) => new Map(Object.entries(entries));
  const of = (values: ArrayLike<number>, shape?: readonly number[]) => Tensor.from(runtime, values, shape);

  it.each<AdamOptions>([
    {},
    { learningRate: 0.05, betas: [0, 0.5], epsilon: 0.1 },
    { learningRate: 0.01, weightDecay: 0.1 },
    { learningRate: 0.01, weightDecay: 0.1, decoupled: false },
  ])('equals its reference over twenty steps, %j', (options) => {
    const {
      learningRate = 1e-3,
      betas = [0.9, 0.999],
      epsilon = 1e-8,
      weightDecay = 0,
      decoupled = true,
    } = options;
    const before = runtime.memory.usedBytes;
    runtime.scope(() => {
      const shapes = [[1], [3, 5], [16], [0]];
      const parameters = new Map(
        shapes.map((shape, i) => [`p${i}`, of(random.normals(shape.reduce((a, b) => a * b, 1)), shape)]),
      );
      const states: ReturnType<typeof adam>[] = [...parameters.values()].map((tensor) => ({
        parameter: Float64Array.from(tensor.toArray()),
        firstMoment: new Float64Array(tensor.size),
        secondMoment: new Float64Array(tensor.size),
      }));
      const optimizer = new Adam(parameters, options);
      for (let step = 1; step <= 20; step++) {
        optimizer.learningRate = learningRate / step;
        const gradients = new Map(
          [...parameters].map(([name, { size, shape }]) => [name, of(random.normals(size), shape)]),
        );
        optimizer.step(gradients);
        [...gradients.values()].forEach((gradient, i) => {
          const { parameter, firstMoment, secondMoment } = states[i]!;
          states[i] = adam(parameter, firstMoment, secondMoment, gradient.toArray(), {
            gradientScale: 1,
            learningRate: learningRate / step,
            beta1: betas[0],
            beta2: betas[1],
            epsilon,
            weightDecay,
            decoupled,
            correction1: 1 - betas[0] ** step,
            correction2: 1 - betas[1] ** step,
          });
        });
      }
      expect(optimizer.steps).toBe(20);
      // Some ten roundings in each of twenty steps.
      [...parameters.values()].forEach((tensor, i) => {
        expectClose(tensor.toArray(), states[i]!.parameter, `p${i}`, 200);
        expectClose(
          optimizer.state().get(`first.p${i}`)!.toArray(),
          states[i]!.firstMoment,
          `first.p${i}`,
          200,
        );
        expectClose(
          optimizer.state().get(`second.p${i}`)!.toArray(),
          states[i]!.secondMoment,
          `second.p${i}`,
          200,
        );
      });
      optimizer.dispose();
    });
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('layers see the new weights', () => {
    runtime.scope(() => {
      const w = of([1], [1, 1]);
      const weight = new PackedWeight(w);
      const x = of([1], [1, 1]);
      expect(linear(x, weight).item()).toBe(1);
      const optimizer = new Adam(named({ w }), { learningRate: 0.5 });
      optimizer.step(named({ w: of([1], [1, 1]) }));
      expect(linear(x, weight).item()).toBeCloseTo(0.5, 4);
      weight.dispose();
      optimizer.dispose();
    });
  });

  it('the first step is the learning rate, whatever the gradient', () => {
    runtime.scope(() => {
      const w = of([0, 0, 0]);
      const optimizer = new Adam(named({ w }), { learningRate: 0.5, epsilon: 0 });
      optimizer.step(named({ w: of([1e-3, -1, 100]) }));
      // 1 - beta and the corrections are each rounded to single precision, and so is every step of the formula.
      w.toArray().forEach((value, i) => {
        expect(Math.abs(value - [-0.5, 0.5, -0.5][i]!)).toBeLessThan(0.5 * 10 * 2 ** -24);
      });
      optimizer.dispose();
    });
  });

  it('continues from its state to the same bits', () => {
    runtime.scope(() => {
      const start = random.normals(7);
      const gradients = Array.from({ length: 6 }, () => named({ w: of(random.normals(7)) }));
      const whole = of(start);
      const uninterrupted = new Adam(named({ w: whole }));
      for (const gradient of gradients) uninterrupted.step(gradient);

      const first = of(start);
      const before = new Adam(named({ w: first }));
      for (const gradient of gradients.slice(0, 3)) before.step(gradient);
      const saved = new Map([...before.state()].map(([name, tensor]) => [name, tensor.toFloat32Array()]));
      expect([...saved.keys()]).toEqual(['first.w', 'second.w']);
      const second = of(first.toArray());
      const after = new Adam(named({ w: second }));
      after.restore(saved, before.steps);
      for (const gradient of gradients.slice(3)) after.step(gradient);

      expect(after.steps).toBe(6);
      expect(second.toArray()).toEqual(whole.toArray());
      for (const [name, tensor] of after.state()) {
        expect(tensor.toArray()).toEqual(uninterrupted.state().get(name)!.toArray());
      }
      for (const optimizer of [uninterrupted, before, after]) optimizer.dispose();
    });
  });

  it('refuses options outside their ranges', () => {
    runtime.scope(() => {
      const parameters = named({ w: of([1, 2]) });
      const before = runtime.memory.usedBytes;
      for (const [options, message] of [
        [{ learningRate: -1 }, 'Adam: learningRate must be at least 0, got -1'],
        [{ learningRate: NaN }, 'Adam: learningRate must be at least 0, got NaN'],
        [{ betas: [0.9, 1] }, 'Adam: betas must lie in [0, 1), got 0.9,1'],
        [{ epsilon: -1e-8 }, 'Adam: epsilon must be at least 0, got -1e-8'],
        [{ weightDecay: -0.1 }, 'Adam: weightDecay must be at least 0, got -0.1'],
      ] as const) {
        expect(() => new Adam(parameters, options)).toThrow(new ArgumentError(message));
      }
      expect(() => new Adam(new Map())).toThrow(new ArgumentError('Adam: needs at least one parameter'));
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });

  it('updates nothing where a gradient is missing or misshapen', () => {
    runtime.scope(() => {
      const [v, w] = [of([1, 2]), of([3, 4, 5, 6], [2, 2])];
      const optimizer = new Adam(named({ v, w }));
      expect(() => optimizer.step(named({ v: of([1, 1]) }))).toThrow(
        new ArgumentError('Adam.step: the gradient of w is missing'),
      );
      expect(() => optimizer.step(named({ v: of([1, 1]), w: of([1]) }))).toThrow(ShapeError);
      expect([...v.toArray(), ...w.toArray()]).toEqual([1, 2, 3, 4, 5, 6]);
      expect(optimizer.steps).toBe(0);
      optimizer.dispose();
    });
  });

  it('restores nothing where a moment is missing or of another size', () => {
    runtime.scope(() => {
      const optimizer = new Adam(named({ w: of([1, 2]) }));
      const ones = new Float32Array(2).fill(1);
      expect(() => optimizer.restore(new Map([['first.w', ones]]), 3)).toThrow(
        new ArgumentError('Adam.restore: second.w is missing'),
      );
      expect(() =>
        optimizer.restore(
          new Map([
            ['first.w', ones],
            ['second.w', new Float32Array(3)],
          ]),
          3,
        ),
      ).toThrow();
      expect([...optimizer.state().get('first.w')!.toArray()]).toEqual([0, 0]);
      expect(optimizer.steps).toBe(0);
      optimizer.dispose();
    });
  });

  it('clips the norm of all gradients together', () => {
    runtime.scope(() => {
      const gradients = named({ a: of([3, 0]), b: of([0, 4, 0], [3, 1]) });
      expect(globalNorm(gradients)).toBe(5);
      expect(clipGlobalNorm(gradients, 10)).toBe(5);
      expect([...gradients.get('a')!.toArray()]).toEqual([3, 0]);
      expect(clipGlobalNorm(gradients, 1)).toBe(5);
      expect(globalNorm(gradients)).toBeCloseTo(1, 5);
      expect(globalNorm(new Map())).toBe(0);
      expect(clipGlobalNorm(named({ zero: of([0, 0]) }), 1)).toBe(0);
      for (const maximum of [0, -1, NaN]) {
        expect(() => clipGlobalNorm(gradients, maximum)).toThrow(
          new ArgumentError(`clipGlobalNorm: maximum must be positive, got ${maximum}`),
        );
      }
    });
  });
});
