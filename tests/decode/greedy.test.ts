import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { ArgumentError } from '../../src/errors.ts';
import { randomTable, type Table, TableModel } from './tableModel.ts';

/** The definition, one item at a time. */
function greedily(table: Table, item: number, maxLength: number, endId = 0) {
  const ids: number[] = [];
  let logProbability = 0;
  for (let length = 1; length <= maxLength; length++) {
    const next = table(item, ids);
    const best = next.indexOf(next.reduce((a, b) => Math.max(a, b)));
    logProbability += next[best]!;
    if (best === endId) return { ids, logProbability, score: logProbability, ended: true };
    ids.push(best);
  }
  return { ids, logProbability, score: logProbability, ended: false };
}

const seeds = fc.integer({ min: 0, max: 1e6 });

describe('greedyDecode', () => {
  it('takes the most probable token at each step, for each item', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(0, 0.4),
        (seed, items, vocabulary, maxLength, impossible) => {
          const table = randomTable(seed, vocabulary, impossible);
          const endId = seed % vocabulary;
          const model = new TableModel(table, { items, vocabulary, endId });
          const results = greedyDecode(model, maxLength);
          expect(model.live).toBe(0);
          expect(results.length).toBe(items);
          results.forEach(({ attention, ...rest }, item) => {
            expect(rest).toEqual(greedily(table, item, maxLength, endId));
            const tokens = rest.ids.length + (rest.ended ? 1 : 0);
            expect(attention.map((row) => [...row])).toEqual(
              Array.from({ length: tokens }, (_, t) => [item, t]),
            );
            const alone = greedyDecode(
              new TableModel(table, { items: 1, vocabulary, endId, firstItem: item }),
              maxLength,
            );
            expect(alone).toEqual([{ ...rest, attention }]);
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('stops as soon as every item has ended', () => {
    const table: Table = (item, tokens) => Float32Array.from(tokens.length >= item ? [0, -9] : [-9, 0]);
    const model = new TableModel(table, { items: 3, vocabulary: 2 });
    expect(greedyDecode(model, 100).map(({ ids }) => ids)).toEqual([[], [1], [1, 1]]);
    expect(model.steps).toBe(3);
  });

  it('releases all states when a step fails', () => {
    for (const failAt of [1, 2, 3]) {
      const model = new TableModel(randomTable(3, 4, 0), { items: 4, vocabulary: 4, endId: 3 });
      model.failAt = failAt;
      expect(() => greedyDecode(model, 8)).toThrow('no more steps');
      expect(model.live).toBe(0);
    }
  });

  it('of no items is nothing', () => {
    const model = new TableModel(randomTable(1, 3), { items: 0, vocabulary: 3 });
    expect(greedyDecode(model, 4)).toEqual([]);
    expect(model.steps).toBe(0);
  });

  it('refuses lengths that are not positive integers', () => {
    const model = new TableModel(randomTable(1, 3), { items: 1, vocabulary: 3 });
    for (const maxLength of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => greedyDecode(model, maxLength)).toThrow(
        new ArgumentError(`greedyDecode: maxLength must be a positive integer, got ${maxLength}`),
      );
    }
    expect(model.live).toBe(0);
  });
});
