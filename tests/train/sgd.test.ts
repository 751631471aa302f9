import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { SGD, type SGDOptions } from '../../src/train/sgd.ts';
import { expectClose } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

/** The definition, one number at a time. */
function steps(start: number, gradients: readonly number[], options: SGDOptions): { p: number; b: number } {
  const { learningRate = 1e-3, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
  let [p, b] = [start, 0];
  gradients.forEach((gradient, i) => {
    const g = gradient + weightDecay * p;
    b = i === 0 ? g : momentum * b + (1 - dampening) * g;
    p -= learningRate * (nesterov ? g + momentum * b : momentum > 0 ? b : g);
  });
  return { p, b };
}

describe.each(variants)('SGD, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const named = (entries: Record<string, Tensor>) => new Map(Object.entries(entries));
  const of = (values: ArrayLike<number>, shape?: readonly number[]) => Tensor.from(runtime, values, shape);

  it.each<SGDOptions>([
    {},
    { learningRate: 0.1, weightDecay: 0.2 },
    { learningRate: 0.1, momentum: 0.9 },
    { learningRate: 0.1, momentum: 0.9, dampening: 0.5, weightDecay: 0.1 },
    { learningRate: 0.1, momentum: 0.7, nesterov: true, weightDecay: 0.1 },
  ])('equals its definition over ten steps, %j', (options) => {
    const before = runtime.memory.usedBytes;
    runtime.scope(() => {
      const shapes = [[1], [3, 5], [17], [0]];
      const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
      const starts = shapes.map((shape) => random.normals(size(shape)));
      const parameters = new Map(shapes.map((shape, i) => [`p${i}`, of(starts[i]!, shape)]));
      const gradients = Array.from({ length: 10 }, () => shapes.map((shape) => random.normals(size(shape))));
      const optimizer = new SGD(parameters, options);
      for (const values of gradients) {
        optimizer.step(new Map(values.map((each, i) => [`p${i}`, of(each, shapes[i]!)])));
      }
      expect(optimizer.steps).toBe(10);
      shapes.forEach((_, i) => {
        const expected = Array.from(starts[i]!, (start, k) =>
          steps(
            start,
            gradients.map((values) => values[i]![k]!),
            options,
          ),
        );
        const p = expected.map((each) => each.p);
        // Some six roundings in each of ten steps.
        expectClose(parameters.get(`p${i}`)!.toArray(), p, `p${i}`, 60);
        const kept = optimizer.state().get(`momentum.p${i}`);
        expect(kept !== undefined).toBe((options.momentum ?? 0) > 0);
        const b = expected.map((each) => each.b);
        if (kept) expectClose(kept.toArray(), b, `momentum.p${i}`, 60);
      });
      optimizer.dispose();
    });
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('continues from its state to the same bits', () => {
    runtime.scope(() => {
      const options = { learningRate: 0.1, momentum: 0.9, dampening: 0.5 };
      const gradients = Array.from({ length: 4 }, () => named({ w: of(random.normals(5)) }));
      const [whole, halved] = [of([1, 2, 3, 4, 5]), of([1, 2, 3, 4, 5])];
      const uninterrupted = new SGD(named({ w: whole }), options);
      for (const gradient of gradients) uninterrupted.step(gradient);
      const first = new SGD(named({ w: halved }), options);
      for (const gradient of gradients.slice(0, 2)) first.step(gradient);
      const saved = new Map([...first.state()].map(([name, tensor]) => [name, tensor.toFloat32Array()]));
      const second = new SGD(named({ w: halved }), options);
      second.restore(saved, first.steps);
      for (const gradient of gradients.slice(2)) second.step(gradient);
      expect(halved.toArray()).toEqual(whole.toArray());
      for (const optimizer of [uninterrupted, first, second]) optimizer.dispose();
    });
  });

  it('refuses what does not fit, and changes nothing then', () => {
    runtime.scope(() => {
      const parameters = named({ w: of([1, 2]) });
      const before = runtime.memory.usedBytes;
      for (const [options, message] of [
        [{ learningRate: -1 }, 'SGD: learningRate must be at least 0, got -1'],
        [{ momentum: -0.1 }, 'SGD: momentum must be at least 0, got -0.1'],
        [{ momentum: NaN }, 'SGD: momentum must be at least 0, got NaN'],
        [{ weightDecay: -1 }, 'SGD: weightDecay must be at least 0, got -1'],
        [{ dampening: Infinity }, 'SGD: dampening must be finite, got Infinity'],
        [{ nesterov: true }, 'SGD: nesterov needs momentum and no dampening, got momentum 0 and dampening 0'],
        [
          { nesterov: true, momentum: 0.9, dampening: 0.1 },
          'SGD: nesterov needs momentum and no dampening, got momentum 0.9 and dampening 0.1',
        ],
      ] as const) {
        expect(() => new SGD(parameters, options)).toThrow(new ArgumentError(message));
      }
      expect(() => new SGD(new Map())).toThrow(new ArgumentError('SGD: needs at least one parameter'));
      expect(runtime.memory.usedBytes).toBe(before);
      const optimizer = new SGD(parameters, { momentum: 0.5 });
      expect(() => optimizer.step(new Map())).toThrow(
        new ArgumentError('SGD.step: the gradient of w is missing'),
      );
      expect(() => optimizer.step(named({ w: of([1]) }))).toThrow(ShapeError);
      expect([...parameters.get('w')!.toArray()]).toEqual([1, 2]);
      expect(optimizer.steps).toBe(0);
      optimizer.dispose();
    });
  });
});
