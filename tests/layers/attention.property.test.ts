/** What holds for attention whatever the values: every score with every reach, soft and hard. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Attention, type AttentionConfig } from '../../src/layers/attention.ts';
import type { Reach } from '../../src/layers/reach.ts';
import { scoreFunctions } from '../../src/layers/score.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { entropy } from '../reference/entropy.ts';
import { expectSameBits } from '../support/bits.ts';
import { expectClose } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { weightedLoss } from '../support/weightedLoss.ts';

const seed = testSeed();
const RUNS = { seed, numRuns: 25 };
const LONGEST = 20;

const problems = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    queries: fc.integer({ min: 1, max: 4 }),
    keys: fc.integer({ min: 1, max: LONGEST }),
    size: fc.integer({ min: 1, max: 9 }),
    halfWidth: fc.double({ min: 0.4, max: 6, noNaN: true }),
    position: fc.integer({ min: 0, max: 8 }),
    seed: fc.integer(),
  })
  .map((drawn) => {
    const random = seededRandom(drawn.seed);
    return {
      ...drawn,
      query: random.normals(drawn.batch * drawn.queries * drawn.size),
      values: random.normals(drawn.batch * drawn.keys * drawn.size),
      lengths: Array.from({ length: drawn.batch }, () => random.integer(0, drawn.keys)),
    };
  });
type Problem = typeof problems extends fc.Arbitrary<infer Drawn> ? Drawn : never;

const reachOf = (kind: Reach['kind'] | 'uncut', { halfWidth }: Problem): Reach => {
  if (kind === 'global') return { kind };
  return kind === 'uncut' ? { kind: 'local-p', halfWidth, cut: false } : { kind, halfWidth };
};
const reaches = ['global', 'local-m', 'local-p', 'uncut'] as const;
const combinations = scoreFunctions.flatMap((score) => reaches.map((reach) => ({ score, reach })));

/** Row `row` of a flat matrix. */
const rowOf = (x: Float32Array, row: number, width: number) => x.subarray(row * width, (row + 1) * width);

describe.each(variants)('attention, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);

  /** Runs `body` on an attention made for the problem, after which nothing may be left of it. */
  function withAttention(
    p: Problem,
    config: Pick<AttentionConfig, 'score' | 'reach' | 'choice'>,
    body: (attention: Attention) => void,
  ): void {
    const before = runtime.memory.usedBytes;
    const sizes = { querySize: p.size, keySize: p.size, attentionSize: 5, maxKeys: LONGEST };
    const attention = Attention.create(runtime, { ...sizes, ...config }, new Random(p.seed));
    runtime.scope(() => body(attention));
    attention.dispose();
    expect(runtime.memory.usedBytes, 'memory afterwards').toBe(before);
  }

  const lengthsOf = (lengths: readonly number[]) => Tensor.from(runtime, lengths, [lengths.length], 'i32');

  function read(attention: Attention, p: Problem, values = p.values, lengths?: readonly number[]) {
    const query = Tensor.from(runtime, p.query, [p.batch, p.queries, p.size]);
    const memory = attention.remember(
      Tensor.from(runtime, values, [p.batch, values.length / p.batch / p.size, p.size]),
      lengths && lengthsOf(lengths),
    );
    return attention.read(query, memory, { position: p.position, random: new Random(p.seed) });
  }

  /** The values with what stands past the lengths replaced. */
  const padded = (p: Problem, padding: number) =>
    p.values.map((v, i) => {
      const row = Math.floor(i / p.size);
      return row % p.keys < p.lengths[Math.floor(row / p.keys)]! ? v : padding;
    });

  describe.each(combinations)('$score, $reach', ({ score, reach }) => {
    it('the weights of a query add up to 1 over what it sees, and are 0 elsewhere', () => {
      fc.assert(
        fc.property(problems, (p) => {
          withAttention(p, { score, reach: reachOf(reach, p) }, (attention) => {
            const { weights, positions } = read(attention, p, p.values, p.lengths);
            const centres = positions?.toFloat32Array();
            for (let row = 0; row < p.batch * p.queries; row++) {
              const centre = centres?.[row] ?? p.position + (row % p.queries);
              const windowed = reach === 'local-m' || reach === 'local-p';
              const length = p.lengths[Math.floor(row / p.queries)]!;
              const seen = (j: number) => j < length && (!windowed || Math.abs(j - centre) <= p.halfWidth);
              const own = rowOf(weights.toFloat32Array(), row, p.keys);
              let total = 0;
              own.forEach((weight, j) => {
                if (!seen(j)) expect(weight).toBe(0);
                // What the softmax made of it, before the Gaussian.
                const distance = (j - centre) / p.halfWidth;
                if (weight > 0) total += positions ? weight * Math.exp(2 * distance ** 2) : weight;
              });
              // Uncut, the Gaussian flushes what is far off to 0.
              const whole = reach !== 'uncut' || own.every((weight, j) => !seen(j) || weight > 1e-30);
              if (whole) expectClose([total], [own.some((_, j) => seen(j)) ? 1 : 0], 'sum', 1000);
              else expect(total).toBeLessThan(1 + 1e-4);
            }
          });
        }),
        RUNS,
      );
    });

    it('what stands in the padding never changes a result', () => {
      fc.assert(
        fc.property(problems, (p) => {
          withAttention(p, { score, reach: reachOf(reach, p) }, (attention) => {
            const expected = read(attention, p, padded(p, 0), p.lengths);
            for (const padding of [NaN, 1e30, -Infinity]) {
              const actual = read(attention, p, padded(p, padding), p.lengths);
              expectSameBits(actual.context.toArray(), expected.context.toArray());
              expectSameBits(actual.weights.toArray(), expected.weights.toArray());
            }
          });
        }),
        RUNS,
      );
    });

    it('how long the padding is never changes a result', () => {
      fc.assert(
        fc.property(problems, (p) => {
          withAttention(p, { score, reach: reachOf(reach, p) }, (attention) => {
            const whole = read(attention, p, p.values, p.lengths);
            p.lengths.forEach((length, b) => {
              const source = rowOf(p.values, b, p.keys * p.size).subarray(0, length * p.size);
              const query = rowOf(p.query, b, p.queries * p.size);
              const alone = read(attention, { ...p, batch: 1, query }, source);
              const context = rowOf(whole.context.toFloat32Array(), b, p.queries * p.size);
              expectClose(alone.context.toArray(), context, 'context');
            });
          });
        }),
        RUNS,
      );
    });

    it('finite padding never changes a gradient, and gets none', () => {
      fc.assert(
        fc.property(problems, (p) => {
          withAttention(p, { score, reach: reachOf(reach, p) }, (attention) => {
            const random = seededRandom(p.seed);
            const cotangents = [random.normals(p.query.length), random.normals(p.batch * p.queries * p.keys)];
            const gradientsWith = (padding: number) => {
              const query = Tensor.from(runtime, p.query, [p.batch, p.queries, p.size]);
              const values = Tensor.from(runtime, padded(p, padding), [p.batch, p.keys, p.size]);
              const lengths = lengthsOf(p.lengths);
              const { gradients } = runtime.gradients(
                () => {
                  const memory = attention.remember(values, lengths);
                  const { context, weights } = attention.read(query, memory, { position: p.position });
                  return weightedLoss([context, weights], cotangents);
                },
                new Map([...attention.parameters(), ['query', query], ['values', values]]),
              );
              return gradients;
            };
            const expected = gradientsWith(0);
            for (const [name, gradient] of gradientsWith(1e6)) {
              expectClose(gradient.toArray(), expected.get(name)!.toArray(), name);
            }
            expected
              .get('values')!
              .toFloat32Array()
              .forEach((v, i) => {
                const row = Math.floor(i / p.size);
                if (row % p.keys >= p.lengths[Math.floor(row / p.keys)]!) expect(v).toBe(0);
              });
          });
        }),
        { ...RUNS, numRuns: 10 },
      );
    });
  });

  it.each(scoreFunctions.filter((score) => score !== 'location'))(
    '%s: permuting the keys and values together changes no context, and permutes the weights',
    (score) => {
      fc.assert(
        fc.property(problems, (p) => {
          const order = seededRandom(p.seed + 1);
          const from = new Random(order.integer(0, 1e6)).shuffle(Array.from({ length: p.keys }, (_, j) => j));
          const permuted = (x: Float32Array, width: number) =>
            Float32Array.from(x, (_, i) => {
              const row = Math.floor(i / width);
              const start = row - (row % p.keys);
              return x[(start + from[row % p.keys]!) * width + (i % width)]!;
            });
          withAttention(p, { score }, (attention) => {
            const plain = read(attention, p);
            const moved = read(attention, p, permuted(p.values, p.size));
            expectClose(moved.context.toArray(), plain.context.toArray(), 'context');
            expectClose(moved.weights.toArray(), permuted(plain.weights.toFloat32Array(), 1), 'weights');
          });
        }),
        RUNS,
      );
    },
  );

  it.each(scoreFunctions)('%s: a window wider than the source is the whole source', (score) => {
    fc.assert(
      fc.property(problems, (p) => {
        const wide: Reach = { kind: 'local-m', halfWidth: p.keys + p.position + p.queries };
        const [expected, actual] = [undefined, wide].map((reach) => {
          const results: Float32Array[] = [];
          withAttention(p, { score, reach }, (attention) => {
            const { context, weights } = read(attention, p, p.values, p.lengths);
            results.push(context.toFloat32Array(), weights.toFloat32Array());
          });
          return results;
        });
        actual!.forEach((values, i) => {
          expectSameBits(values, expected![i]!);
        });
      }),
      RUNS,
    );
  });

  it.each(combinations.filter(({ reach }) => reach === 'global' || reach === 'local-m'))(
    'hard, $score, $reach: the context is the value chosen, and the choice is one that is seen',
    ({ score, reach }) => {
      fc.assert(
        fc.property(problems, (p) => {
          withAttention(p, { score, reach: reachOf(reach, p), choice: 'hard' }, (attention) => {
            const { context, weights, hard } = read(attention, p, padded(p, NaN), p.lengths);
            const map = weights.toFloat32Array();
            const entropies = entropy(map, p.batch * p.queries, p.keys);
            expectClose(hard!.entropy.toArray(), entropies, 'entropy');
            hard!.choice.toArray().forEach((choice, row) => {
              const distribution = rowOf(map, row, p.keys);
              const seesNothing = distribution.every((weight) => weight === 0);
              expect(choice === -1).toBe(seesNothing);
              const source = Math.floor(row / p.queries) * p.keys + choice;
              const expected = seesNothing ? new Float32Array(p.size) : rowOf(p.values, source, p.size);
              expect(rowOf(context.toFloat32Array(), row, p.size)).toEqual(expected);
              const logs = hard!.logProbability.toArray();
              expectClose([logs[row]!], [seesNothing ? 0 : Math.log(distribution[choice]!)], 'ln p', 64);
            });
          });
        }),
        RUNS,
      );
    },
  );
});
