import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { type SamplingOptions, sampleDecode, sampleToken } from '../../src/decode/sample.ts';
import { ArgumentError } from '../../src/errors.ts';
import { Random } from '../../src/tensor/random.ts';
import { testSeed } from '../support/random.ts';
import { enumerate, randomTable, type Table, TableModel } from './tableModel.ts';

/** The probabilities that remain, by the definition: best first, equal ones by id. */
function distribution(
  logits: ArrayLike<number>,
  { temperature = 1, topK, topP = 1 }: SamplingOptions,
): number[] {
  let ids = Array.from(logits, (_, id) => id).sort((a, b) => logits[b]! - logits[a]! || a - b);
  if (topK !== undefined && topK < ids.length) {
    const kth = logits[ids[topK - 1]!]!;
    ids = ids.filter((id) => logits[id]! >= kth);
  }
  const weight = (id: number) => Math.exp((logits[id]! - logits[ids[0]!]!) / temperature);
  const total = ids.reduce((sum, id) => sum + weight(id), 0);
  if (topP < 1) {
    let before = 0;
    ids = ids.filter((id) => {
      const isIn = before < topP * total;
      before += weight(id);
      return isIn;
    });
  }
  const kept = ids.reduce((sum, id) => sum + weight(id), 0);
  return Array.from(logits, (_, id) => (ids.includes(id) ? weight(id) / kept : 0));
}

const rows = fc.array(
  // Few values, so that there are ties.
  fc.oneof(fc.constantFrom(-Infinity, -1, 0, 0.5, 2), fc.float({ min: -20, max: 20, noNaN: true })),
  { minLength: 1, maxLength: 12 },
);
const samplings: fc.Arbitrary<SamplingOptions> = fc.record(
  {
    temperature: fc.constantFrom(1e-6, 0.3, 1, 2, 50),
    topK: fc.integer({ min: 1, max: 14 }),
    topP: fc.constantFrom(1e-9, 0.1, 0.5, 0.9, 0.999, 1),
  },
  { requiredKeys: [] },
);

describe('sampleToken', () => {
  it('gives each token the share of [0, 1) that is its probability', () => {
    fc.assert(
      fc.property(rows, samplings, (values, options) => {
        fc.pre(values.some((value) => value > -Infinity));
        const logits = Float32Array.from(values);
        const probabilities = distribution(logits, options);
        let before = 0;
        probabilities.forEach((probability, id) => {
          const middle = before + probability / 2;
          before += probability;
          // Shares below 1e-12 are within the rounding of their edges.
          if (probability > 1e-12) expect(sampleToken(logits, middle, options)).toBe(id);
        });
        for (const edge of [0, 1 - 2 ** -32, 1 - 2 ** -53]) {
          expect(probabilities[sampleToken(logits, edge, options)]).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1000, seed: testSeed() },
    );
  });

  it('of equal logits, topK keeps all with the k-th and topP the lower ids', () => {
    const logits = Float32Array.of(1, 3, 1, 1, -Infinity);
    const drawn = (options: SamplingOptions) =>
      new Set(Array.from({ length: 1000 }, (_, i) => sampleToken(logits, i / 1000, options)));
    expect(drawn({ topK: 2 })).toEqual(new Set([0, 1, 2, 3]));
    expect(drawn({ topK: 1 })).toEqual(new Set([1]));
    // e^2 / (e^2 + 3) = 0.711, and 0.096 for each of the others.
    expect(drawn({ topP: 0.71 })).toEqual(new Set([1]));
    expect(drawn({ topP: 0.72 })).toEqual(new Set([0, 1]));
    expect(drawn({ topP: 0.82 })).toEqual(new Set([0, 1, 2]));
    // The temperature comes first: it makes them 0.465 and 0.178.
    expect(drawn({ topP: 0.72, temperature: 2 })).toEqual(new Set([0, 1, 2]));
    // And topP goes by what topK has left.
    expect(drawn({ topP: 0.999, topK: 1 })).toEqual(new Set([1]));
  });

  it.each([1, 50, 256, 257, 999])('of a large vocabulary, topK %i keeps what it says', (topK) => {
    const random = new Random(testSeed());
    // A hundred values for a thousand tokens: most are tied.
    const logits = Float32Array.from({ length: 1000 }, () => Math.floor(100 * random.uniform()) / 100);
    const probabilities = distribution(logits, { topK });
    let before = 0;
    probabilities.forEach((probability, id) => {
      if (probability > 0) expect(sampleToken(logits, before + probability / 2, { topK })).toBe(id);
      before += probability;
    });
  });

  it('leaves the logits as they are', () => {
    const logits = Float32Array.of(0.5, 2, -1);
    sampleToken(logits, 0.5, { topK: 2, topP: 0.5, temperature: 2 });
    expect(logits).toEqual(Float32Array.of(0.5, 2, -1));
  });

  it('refuses what there is no distribution for', () => {
    const draw =
      (values: number[], uniform = 0.5, options: SamplingOptions = {}) =>
      () =>
        sampleToken(Float32Array.from(values), uniform, options);
    for (const value of [NaN, Infinity]) {
      expect(draw([0, value, 1])).toThrow(
        new ArgumentError(`sampleToken: logits must be finite or -infinity, got ${value} at index 1`),
      );
    }
    for (const values of [[], [-Infinity, -Infinity]]) {
      expect(draw(values)).toThrow(
        new ArgumentError(
          `sampleToken: one of the ${values.length} logits must be above -infinity, got none`,
        ),
      );
    }
    for (const uniform of [-0.1, 1, NaN]) {
      expect(draw([1], uniform)).toThrow(
        new ArgumentError(`sampleToken: uniform must lie in [0, 1), got ${uniform}`),
      );
    }
    for (const temperature of [0, -1, NaN, Infinity])
      expect(draw([1], 0, { temperature })).toThrow(ArgumentError);
    for (const topK of [0, -1, 1.5, NaN]) expect(draw([1], 0, { topK })).toThrow(ArgumentError);
    for (const topP of [0, -0.1, 1.1, NaN]) expect(draw([1], 0, { topP })).toThrow(ArgumentError);
  });
});

describe('sampleDecode', () => {
  it.each<SamplingOptions>([
    {},
    { temperature: 0.5 },
    { topK: 2 },
    { topP: 0.7 },
    { temperature: 2, topK: 3, topP: 0.8 },
  ])('draws each hypothesis as often as its probability says: %j', (options) => {
    const [vocabulary, maxLength, count] = [4, 3, 2000];
    const table = randomTable(11, vocabulary);
    // The same with the cuts made, whose sequences can be enumerated.
    const cutTable: Table = (item, tokens) =>
      Float32Array.from(distribution(table(item, tokens), options), Math.log);
    const model = new TableModel(table, { items: 2, vocabulary });
    const drawn = sampleDecode(model, { maxLength, random: new Random(testSeed()), count, ...options });
    expect(model.live).toBe(0);
    drawn.forEach((hypotheses, item) => {
      expect(hypotheses.length).toBe(count);
      const counts = new Map<string, number>();
      for (const { ids, ended } of hypotheses) {
        const key = `${ids} ${ended}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      for (const { ids, ended, logProbability } of enumerate(cutTable, item, { vocabulary, maxLength })) {
        const probability = Math.exp(logProbability);
        const key = `${ids} ${ended}`;
        // Five deviations of a binomial count; 1 where it is below one.
        const bound = 5 * Math.sqrt(Math.max(1, count * probability * (1 - probability)));
        expect(Math.abs((counts.get(key) ?? 0) - count * probability), key).toBeLessThan(bound);
        counts.delete(key);
      }
      // Nothing outside the sets.
      expect([...counts.keys()]).toEqual([]);
    });
  });

  it('counts the log-probability of the model, without temperature and cuts', () => {
    const table = randomTable(5, 5, 0.3);
    const model = new TableModel(table, { items: 3, vocabulary: 5 });
    const options = { maxLength: 6, random: new Random(1), count: 4, temperature: 3, topK: 3, topP: 0.9 };
    sampleDecode(model, options).forEach((hypotheses, item) => {
      for (const { ids, ended, logProbability, score, attention } of hypotheses) {
        const written = ended ? [...ids, model.endId] : ids;
        const total = written.reduce((sum, id, t) => sum + table(item, ids.slice(0, t))[id]!, 0);
        expect(logProbability).toBe(total);
        expect(score).toBe(total);
        expect(attention.map((row) => [...row])).toEqual(written.map((_, t) => [item, t]));
        expect(ended || ids.length === 6).toBe(true);
      }
    });
  });

  it('the same seed gives the same tokens, whatever is decoded beside them', () => {
    const table = randomTable(8, 6);
    const decode = (items: number, seed: number, count = 1) =>
      sampleDecode(new TableModel(table, { items, vocabulary: 6 }), {
        maxLength: 9,
        random: new Random(seed),
        count,
      });
    expect(decode(4, 3)).toEqual(decode(4, 3));
    expect(decode(4, 3)).not.toEqual(decode(4, 4));
    expect(decode(7, 3).slice(0, 4)).toEqual(decode(4, 3));
    expect(decode(1, 3, 5)[0]!.slice(0, 2)).toEqual(decode(1, 3, 2)[0]);
  });

  it('topK 1 is greedy decoding', () => {
    const options = { items: 5, vocabulary: 7 };
    const table = randomTable(2, 7);
    expect(
      sampleDecode(new TableModel(table, options), { maxLength: 5, random: new Random(1), topK: 1 }).flat(),
    ).toEqual(greedyDecode(new TableModel(table, options), 5));
  });

  it('releases all states when a step fails, or a row has no distribution', () => {
    for (const failAt of [1, 2, 3]) {
      const model = new TableModel(randomTable(3, 4), { items: 4, vocabulary: 4, endId: 3 });
      model.failAt = failAt;
      const decode = () => sampleDecode(model, { maxLength: 8, random: new Random(1), count: 2 });
      expect(decode).toThrow('no more steps');
      expect(model.live).toBe(0);
    }
    const broken = new TableModel(() => Float32Array.of(0, NaN), { items: 2, vocabulary: 2 });
    expect(() => sampleDecode(broken, { maxLength: 8, random: new Random(1) })).toThrow(ArgumentError);
    expect(broken.live).toBe(0);
  });

  it('of no items is nothing', () => {
    const model = new TableModel(randomTable(1, 3), { items: 0, vocabulary: 3 });
    expect(sampleDecode(model, { maxLength: 4, random: new Random(1), count: 3 })).toEqual([]);
    expect(model.steps).toBe(0);
  });

  it('refuses options outside their ranges before it starts', () => {
    const model = new TableModel(randomTable(1, 3), { items: 1, vocabulary: 3 });
    const random = new Random(1);
    const refuses = (options: object, message: string) =>
      expect(() => sampleDecode(model, { maxLength: 4, random, ...options })).toThrow(
        new ArgumentError(message),
      );
    for (const count of [0, 1.5, NaN]) {
      refuses({ count }, `sampleDecode: count must be a positive integer, got ${count}`);
    }
    refuses({ maxLength: 0 }, 'sampleDecode: maxLength must be a positive integer, got 0');
    refuses(
      { temperature: 0 },
      'sampleDecode: temperature must be positive and finite, got 0; greedyDecode takes the most probable token',
    );
    refuses({ topK: 0 }, 'sampleDecode: topK must be a positive integer, got 0');
    refuses({ topP: 0 }, 'sampleDecode: topP must lie in (0, 1], got 0');
    expect(model.steps).toBe(0);
    expect(random.state).toBe(1);
  });
});
