import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { Attention } from '../../src/layers/attention.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { MovingBaseline, type ReinforceOptions, reinforce } from '../../src/train/reinforce.ts';
import { entropy } from '../reference/entropy.ts';
import { softmax } from '../reference/softmax.ts';
import { checkOp, expectClose, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe('MovingBaseline', () => {
  it('is 0.9 b + 0.1 of the mean reward', () => {
    const baseline = new MovingBaseline();
    expect(baseline.value).toBe(0);
    baseline.update([1, 3]);
    expect(baseline.value).toBeCloseTo(0.2, 12);
    baseline.update(Float32Array.of(-4));
    expect(baseline.value).toBeCloseTo(0.9 * 0.2 - 0.4, 12);
    baseline.update([]);
    expect(baseline.value).toBeCloseTo(-0.22, 12);
    const other = new MovingBaseline(0.5, 8);
    other.update([0]);
    expect(other.value).toBe(4);
  });

  it.each([-0.1, 1, NaN])('refuses a decay of %f', (decay) => {
    expect(() => new MovingBaseline(decay)).toThrow(
      new ArgumentError(`MovingBaseline: decay must lie in [0, 1), got ${decay}`),
    );
  });
});

describe.each(variants)('reinforce, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  it('is minus the mean of advantage times log-probability, and of the entropy bonus', () => {
    const rewards = [1.5, -2, 0.25];
    const lengths = [3, 0, 2];
    const [baseline, rewardWeight, entropyWeight] = [0.5, 2, 0.1];
    // Two steps of one choice, one of two: four choices for each item, of which the first ones count.
    const shapes = [[3], [3, 1], [3, 2]];
    const inputs = {
      p0: normal(random, shapes[0]!),
      p1: normal(random, shapes[1]!),
      p2: normal(random, shapes[2]!),
      h0: normal(random, shapes[0]!),
      h1: normal(random, shapes[1]!),
      h2: normal(random, shapes[2]!),
    };
    for (const options of [{}, { lengths }]) {
      checkOp(runtime, {
        inputs,
        op: (t) =>
          reinforce({
            rewards,
            baseline,
            rewardWeight,
            entropyWeight,
            logProbabilities: [t.p0, t.p1, t.p2],
            entropies: [t.h0, t.h1, t.h2],
            ...options,
          }),
        reference: (t) => {
          const choices = (item: number, steps: readonly Float64Array[]) =>
            steps.flatMap((step) => [
              ...step.subarray((item * step.length) / 3, ((item + 1) * step.length) / 3),
            ]);
          let total = 0;
          for (let item = 0; item < 3; item++) {
            const count = 'lengths' in options ? lengths[item]! : 4;
            const sumOf = (steps: readonly Float64Array[]) =>
              choices(item, steps)
                .slice(0, count)
                .reduce((a, b) => a + b, 0);
            const advantage = rewardWeight * (rewards[item]! - baseline);
            total += advantage * sumOf([t.p0, t.p1, t.p2]) + entropyWeight * sumOf([t.h0, t.h1, t.h2]);
          }
          return [-total / 3];
        },
      });
    }
  });

  it('refuses what does not fit', () => {
    runtime.scope(() => {
      const step = Tensor.zeros(runtime, [2, 1]);
      const attempt = (options: Partial<ReinforceOptions>) => () =>
        reinforce({ rewards: [1, 2], logProbabilities: [step], ...options });
      expect(attempt({ logProbabilities: [] })).toThrow(ArgumentError);
      expect(attempt({ rewards: [1, NaN] })).toThrow(ArgumentError);
      expect(attempt({ baseline: Infinity })).toThrow(ArgumentError);
      expect(attempt({ entropyWeight: NaN })).toThrow(ArgumentError);
      expect(attempt({ lengths: [1] })).toThrow(ShapeError);
      expect(attempt({ rewards: [1] })).toThrow(
        new ShapeError('reinforce: steps must be [1] or [1, *], as many as rewards, got [2, 1]'),
      );
      expect(attempt({ entropies: [Tensor.zeros(runtime, [3])] })).toThrow(ShapeError);
    });
  });

  // Two choices among three positions; what both come to is the reward.
  const [size, keys] = [2, 3];
  const queries = random.normals(2 * size);
  const source = random.normals(keys * size);
  const rewards = random.normals(keys * keys).map((reward) => reward + 5);
  const entropyWeight = 0.3;
  const distribution = (query: ArrayLike<number>, first: number) =>
    softmax(
      Array.from({ length: keys }, (_, j) =>
        Array.from({ length: size }, (_, d) => query[first + d]! * source[j * size + d]!).reduce(
          (a, b) => a + b,
        ),
      ),
      null,
      null,
      1,
      keys,
    );
  /** Minus the expected reward and entropies, all choices enumerated. */
  const expectedLoss = (query: ArrayLike<number>): number => {
    const [first, second] = [distribution(query, 0), distribution(query, size)];
    let loss = -entropyWeight * (entropy(first, 1, keys)[0]! + entropy(second, 1, keys)[0]!);
    rewards.forEach((reward, i) => {
      loss -= first[Math.floor(i / keys)]! * second[i % keys]! * reward;
    });
    return loss;
  };
  const exact = Array.from(queries, (_, i) => {
    const at = (shift: number) =>
      expectedLoss(Float64Array.from(queries, (v, j) => v + (i === j ? shift : 0)));
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  });

  /** The estimate of each of `count` samples, [count, 2 size], and what was chosen. */
  function estimates(
    count: number,
    baseline: number,
    generator: Random,
  ): { rows: Float32Array; choices: number[] } {
    return runtime.scope(() => {
      using attention = Attention.create(
        runtime,
        { score: 'dot', querySize: size, keySize: size, choice: 'hard' },
        new Random(1),
      );
      const repeated = (values: Float32Array) =>
        Float32Array.from({ length: count * values.length }, (_, i) => values[i % values.length]!);
      const query = Tensor.from(runtime, repeated(queries), [count, 2, size]);
      const memory = attention.remember(Tensor.from(runtime, repeated(source), [count, keys, size]));
      const choices: number[] = [];
      const { gradients } = runtime.gradients(
        () => {
          const { hard } = attention.read(query, memory, { random: generator });
          const chosen = hard!.choice.toArray();
          for (let i = 0; i < count; i++) choices.push(chosen[2 * i]! * keys + chosen[2 * i + 1]!);
          return reinforce({
            rewards: choices.map((choice) => rewards[choice]!),
            baseline,
            logProbabilities: [hard!.logProbability],
            entropies: [hard!.entropy],
            entropyWeight,
          });
        },
        new Map([['query', query]]),
      );
      // The loss is a mean: a sample's own gradient is as many times as large.
      return {
        rows: gradients
          .get('query')!
          .toFloat32Array()
          .map((v) => v * count),
        choices,
      };
    });
  }

  it.each([0, 5, -3])(
    'enumerated, the estimate with baseline %f is the gradient of the expectation',
    (baseline) => {
      const [first, second] = [distribution(queries, 0), distribution(queries, size)];
      const mean = new Float64Array(2 * size);
      for (let choice = 0; choice < keys * keys; choice++) {
        const [i, j] = [Math.floor(choice / keys), choice % keys];
        // The middles of the intervals that lead to these choices.
        const draws = [first, second].map((p, k) => {
          const position = [i, j][k]!;
          return p.slice(0, position).reduce((a, b) => a + b, 0) + p[position]! / 2;
        });
        const scripted = new Random(0);
        scripted.uniform = () => draws.shift()!;
        const { rows, choices } = estimates(1, baseline, scripted);
        expect(choices).toEqual([choice]);
        rows.forEach((v, d) => {
          mean[d] = mean[d]! + first[i]! * second[j]! * v;
        });
      }
      expectClose(mean, exact, 'gradient', 200);
    },
  );

  it.each([0, 5, -3])('the mean of samples with baseline %f agrees, within 5 standard errors', (baseline) => {
    const samples = 20_000;
    const { rows } = estimates(samples, baseline, new Random(testSeed()));
    exact.forEach((gradient, d) => {
      const own = rows.filter((_, i) => i % (2 * size) === d);
      const mean = own.reduce((a, b) => a + b, 0) / samples;
      const variance = own.reduce((total, v) => total + (v - mean) ** 2, 0) / (samples - 1);
      const standardError = Math.sqrt(variance / samples);
      expect(Math.abs(mean - gradient)).toBeLessThan(5 * standardError);
      // The test can tell: the error is a small part of the gradient's size.
      expect(standardError).toBeLessThan(0.1);
    });
  });

  it('a baseline near the mean reward makes the estimate less noisy', () => {
    const spread = (baseline: number) => {
      const { rows } = estimates(2000, baseline, new Random(testSeed()));
      return rows.reduce((total, v, i) => total + (v - exact[i % (2 * size)]!) ** 2, 0);
    };
    expect(spread(5)).toBeLessThan(spread(0) / 2);
  });
});
