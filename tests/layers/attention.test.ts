/** Attention's options: what is refused, and what stands at the edges. */
import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, FormatError, ShapeError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { Attention, type AttentionConfig } from '../../src/layers/attention.ts';
import { createScore, scoreFunctions } from '../../src/layers/score.ts';
import { sum } from '../../src/ops/elementwise.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { expectClose } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

const SIZES = { querySize: 4, keySize: 4, maxKeys: 6 } as const;

describe.each(variants)('attention, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const create = (config: Partial<AttentionConfig>) =>
    Attention.create(runtime, { score: 'dot', ...SIZES, ...config } as AttentionConfig, new Random(1));
  const floats = (...shape: number[]) =>
    Tensor.from(runtime, random.normals(shape.reduce((a, b) => a * b, 1)), shape);
  const integers = (...values: number[]) => Tensor.from(runtime, values, [values.length], 'i32');

  it.each<[string, object, string]>([
    ['an unknown score', { score: 'cos' }, `score must be one of ${scoreFunctions.join(', ')}, got cos`],
    ["an object's own property", { score: 'toString' }, 'score must be one of'],
    ['no score', { score: undefined }, 'got undefined'],
    ['dot of unequal sizes', { keySize: 3 }, 'dot needs equal sizes, got querySize 4 and keySize 3'],
    ['scaled-dot of unequal sizes', { score: 'scaled-dot', keySize: 3 }, 'scaled-dot needs equal sizes'],
    ['cosine of unequal sizes', { score: 'cosine', keySize: 3 }, 'cosine needs equal sizes'],
    ['a strength that is no number', { score: 'cosine', strength: NaN }, 'strength must be a finite number'],
    ['location without a size', { score: 'location', maxKeys: undefined }, 'location needs maxKeys'],
    ['location of no size', { score: 'location', maxKeys: 0 }, 'location needs maxKeys'],
    ['an unknown reach', { reach: { kind: 'near' } }, 'reach must be global, local-m or local-p, got near'],
    ['a half width of 0', { reach: { kind: 'local-m', halfWidth: 0 } }, 'halfWidth must be positive'],
    ['a negative one', { reach: { kind: 'local-p', halfWidth: -2 } }, 'halfWidth must be positive'],
    ['none', { reach: { kind: 'local-p' } }, 'halfWidth must be positive and finite, got undefined'],
    ['an unknown choice', { choice: 'firm' }, 'choice must be soft or hard, got firm'],
    [
      'hard attention over what is no distribution',
      { choice: 'hard', reach: { kind: 'local-p', halfWidth: 1 } },
      'hard attention needs a distribution',
    ],
  ])('refuses %s, and keeps no memory', (_, config, message) => {
    const before = runtime.memory.usedBytes;
    expect(() => create(config)).toThrow(ArgumentError);
    expect(() => create(config)).toThrow(message);
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('refuses sources and queries that do not fit', () => {
    runtime.scope(() => {
      using attention = create({});
      const values = floats(2, 5, 4);
      for (const lengths of [integers(6, 1), integers(2, -1)]) {
        expect(() => attention.remember(values, lengths)).toThrow(ArgumentError);
      }
      expect(() => attention.remember(values, integers(5))).toThrow(
        new ShapeError('attention: lengths must be [2], got [1]'),
      );
      expect(() => attention.remember(values, floats(2))).toThrow(DTypeError);
      expect(() => attention.remember(floats(2, 5, 3))).toThrow(
        new ShapeError('attention: values must be [*, *, 4], got [2, 5, 3]'),
      );
      const memory = attention.remember(values);
      for (const query of [floats(2, 1, 3), floats(1, 1, 4), floats(2, 4)]) {
        expect(() => attention.read(query, memory)).toThrow(ShapeError);
      }
      using location = create({ score: 'location' });
      expect(() => location.remember(floats(1, 7, 4))).toThrow(
        new ArgumentError('attention: location scores sources of at most 6 positions, got 7'),
      );
      expect(() => location.read(floats(2, 1, 3), location.remember(values))).toThrow(ShapeError);
      using monotonic = create({ reach: { kind: 'local-m', halfWidth: 1 } });
      const window = monotonic.remember(values);
      for (const position of [undefined, -1, 0.5, NaN]) {
        expect(() => monotonic.read(floats(2, 1, 4), window, { position })).toThrow(
          new ArgumentError(
            `attention: local-m needs position, the index of the first query, got ${position}`,
          ),
        );
      }
    });
  });

  it.each(scoreFunctions)(
    '%s: a source of length 0 gives zeros, soft and hard, and finite gradients',
    (score) => {
      for (const choice of ['soft', 'hard'] as const) {
        runtime.scope(() => {
          using attention = create({ score, choice });
          const query = floats(2, 1, 4);
          const values = floats(2, 3, 4);
          const lengths = integers(0, 3);
          const { context, weights, hard } = attention.read(query, attention.remember(values, lengths));
          expect([...context.at(0).toArray(), ...weights.at(0).toArray()]).toEqual(new Array(7).fill(0));
          if (hard) {
            const { choice: chosen, logProbability, entropy } = hard;
            expect([chosen, logProbability, entropy].map((each) => each.toArray()[0]! + 0)).toEqual([
              -1, 0, 0,
            ]);
          }
          const { gradients } = runtime.gradients(
            () => sum(attention.read(query, attention.remember(values, lengths)).context),
            new Map([...attention.parameters(), ['query', query]]),
          );
          for (const gradient of gradients.values())
            expect(gradient.toArray().every(Number.isFinite)).toBe(true);
        });
      }
    },
  );

  it('a source without positions has no choice either', () => {
    runtime.scope(() => {
      using attention = create({ choice: 'hard' });
      const { context, weights, hard } = attention.read(floats(2, 1, 4), attention.remember(floats(2, 0, 4)));
      expect(weights.shape).toEqual([2, 1, 0]);
      expect(context.toArray()).toEqual(new Float32Array(8));
      expect([...hard!.choice.toArray()]).toEqual([-1, -1]);
    });
  });

  it('local-m: a window past the source sees nothing', () => {
    runtime.scope(() => {
      using attention = create({ reach: { kind: 'local-m', halfWidth: 1 } });
      const memory = attention.remember(floats(1, 5, 4), integers(3));
      const { context, weights } = attention.read(floats(1, 4, 4), memory, { position: 2 });
      const seen = Array.from({ length: 4 }, (_, t) => [...weights.at(0).at(t).toArray()].map((w) => w > 0));
      // Positions 2, 3, 4 and 5 over a source of 3.
      expect(seen).toEqual([
        [false, true, true, false, false],
        [false, false, true, false, false],
        [false, false, false, false, false],
        [false, false, false, false, false],
      ]);
      expect(context.at(0).at(3).toArray()).toEqual(new Float32Array(4));
    });
  });

  it('local-p: a window between two positions sees nothing', () => {
    runtime.scope(() => {
      const shapes = { 'attn_p.weight': [3, 4], 'attn_p_v.weight': [1, 3] } as const;
      // Weights of 0 predict the middle of the source: 1.5 of 3.
      const zeros = Object.entries(shapes).map(([name, shape]) => [
        name,
        fromFloat32(new Float32Array(shape[0] * shape[1]), shape, 'F32'),
      ]);
      const load = (halfWidth: number) =>
        Attention.load(runtime, sourceOf(Object.fromEntries(zeros)), {
          score: 'dot',
          ...SIZES,
          reach: { kind: 'local-p', halfWidth, size: 3 },
        });
      const values = floats(1, 3, 4);
      using narrow = load(0.4);
      const nothing = narrow.read(floats(1, 1, 4), narrow.remember(values));
      expect([...nothing.weights.toArray()]).toEqual([0, 0, 0]);
      expect(nothing.positions!.item()).toBeCloseTo(1.5, 6);
      using wider = load(0.6);
      const { weights } = wider.read(floats(1, 1, 4), wider.remember(values));
      expect([...weights.toArray()].map((w) => w > 0)).toEqual([false, true, true]);
      expect(() => Attention.load(runtime, sourceOf({}), { score: 'general', ...SIZES })).toThrow(
        FormatError,
      );
    });
  });

  it('cosine: a vector of zeros scores 0 against everything', () => {
    runtime.scope(() => {
      const score = createScoreOf();
      const keys = Tensor.from(runtime, [...random.normals(4), 0, 0, 0, 0], [1, 2, 4]);
      const query = Tensor.from(runtime, [...random.normals(4), 0, 0, 0, 0], [1, 2, 4]);
      const scores = score.score(query, score.prepareKeys(keys)).toArray();
      expect([...scores.slice(1)]).toEqual([0, 0, 0]);
      expect(Math.abs(scores[0]!)).toBeGreaterThan(0);
    });
    function createScoreOf() {
      // A cosine of fixed strength has no parameters.
      return createScore('cosine', undefined as never, { ...SIZES, strength: 3 });
    }
  });

  it('hard attention samples by the weights, and takes the largest without a generator', () => {
    runtime.scope(() => {
      using attention = create({ choice: 'hard' });
      const samples = 20_000;
      const row = random.normals(4, 0.7);
      const query = Tensor.from(
        runtime,
        Float32Array.from({ length: 4 * samples }, (_, i) => row[i % 4]!),
        [1, samples, 4],
      );
      const memory = attention.remember(floats(1, 5, 4), integers(4));
      const { weights, hard } = attention.read(query, memory, { random: new Random(testSeed()) });
      const probabilities = weights.at(0).at(0).toArray();
      const counts = new Array(5).fill(0);
      for (const choice of hard!.choice.toArray()) counts[choice]++;
      counts.forEach((count, j) => {
        const p = probabilities[j]!;
        const deviation = Math.sqrt((p * (1 - p)) / samples);
        expect(Math.abs(count / samples - p)).toBeLessThanOrEqual(5 * deviation);
      });
      const best = attention.read(query, memory).hard!.choice.toArray();
      expect(new Set(best)).toEqual(new Set([probabilities.indexOf(Math.max(...probabilities))]));
      expectClose(
        [hard!.logProbability.toArray()[0]!],
        [Math.log(probabilities[hard!.choice.toArray()[0]!]!)],
        'ln p',
      );
    });
  });
});
