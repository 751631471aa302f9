import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beamSearch, type LengthPenalty } from '../../src/decode/beam.ts';
import type { Hypothesis } from '../../src/decode/stepModel.ts';
import { ArgumentError } from '../../src/errors.ts';
import { enumerate, randomTable, type Table, TableModel } from './tableModel.ts';

const penalties: { lengthPenalty?: LengthPenalty; penalty: (length: number) => number }[] = [
  { lengthPenalty: undefined, penalty: () => 1 },
  { lengthPenalty: { kind: 'none' }, penalty: () => 1 },
  { lengthPenalty: { kind: 'gnmt', alpha: 0.6 }, penalty: (length) => ((5 + length) / 6) ** 0.6 },
  { lengthPenalty: { kind: 'power', alpha: 1 }, penalty: (length) => length },
  { lengthPenalty: { kind: 'power', alpha: 0 }, penalty: () => 1 },
];

/** The definition with the width kept at K and no early stop, for one item. */
function definition(
  table: Table,
  item: number,
  options: { beam: number; maxLength: number; endId: number },
  penalty: (length: number) => number,
): Omit<Hypothesis, 'attention'>[] {
  const { beam, maxLength, endId } = options;
  const finished: Omit<Hypothesis, 'attention'>[] = [];
  let live: { ids: number[]; logProbability: number }[] = [{ ids: [], logProbability: 0 }];
  for (let length = 1; length <= maxLength; length++) {
    const candidates = live
      .flatMap(({ ids, logProbability }) =>
        Array.from(table(item, ids), (value, id) => ({
          ids: [...ids, id],
          logProbability: logProbability + value,
        })),
      )
      .filter(({ logProbability }) => logProbability > -Infinity)
      .sort((a, b) => b.logProbability - a.logProbability)
      .slice(0, 2 * beam);
    const score = (logProbability: number) => logProbability / penalty(length);
    live = [];
    candidates.forEach(({ ids, logProbability }, rank) => {
      if (ids.at(-1) !== endId) {
        if (live.length < beam) live.push({ ids, logProbability });
      } else if (rank < beam) {
        finished.push({ ids: ids.slice(0, -1), logProbability, score: score(logProbability), ended: true });
      }
    });
    if (length < maxLength) continue;
    for (const { ids, logProbability } of live) {
      finished.push({ ids, logProbability, score: score(logProbability), ended: false });
    }
  }
  return finished.sort((a, b) => b.score - a.score).slice(0, beam);
}

const withoutAttention = (hypotheses: readonly Hypothesis[]): Omit<Hypothesis, 'attention'>[] =>
  hypotheses.map(({ attention: _, ...rest }) => rest);

describe('beamSearch', () => {
  it('with a beam as wide as the space finds all sequences in the order of their scores', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(0, 0.3),
        fc.constantFrom(...penalties),
        (seed, vocabulary, maxLength, impossible, { lengthPenalty, penalty }) => {
          const table = randomTable(seed, vocabulary, impossible);
          const model = new TableModel(table, { items: 2, vocabulary });
          const options = { beam: vocabulary ** maxLength, maxLength, lengthPenalty };
          beamSearch(model, options).forEach((hypotheses, item) => {
            const all = enumerate(table, item, { vocabulary, maxLength }, penalty);
            expect(withoutAttention(hypotheses)).toEqual(all);
          });
          expect(model.live).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('equals its definition: stopping early changes nothing, nor does searching items side by side', () => {
    let stopped = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(0, 0.4),
        fc.constantFrom(...penalties),
        (seed, items, beam, vocabulary, maxLength, impossible, { lengthPenalty, penalty }) => {
          const table = randomTable(seed, vocabulary, impossible);
          const endId = seed % vocabulary;
          const model = new TableModel(table, { items, vocabulary, endId });
          const together = beamSearch(model, { beam, maxLength, lengthPenalty });
          expect(model.live).toBe(0);
          if (model.steps < maxLength) stopped++;
          expect(together.length).toBe(items);
          together.forEach((hypotheses, item) => {
            const expected = definition(table, item, { beam, maxLength, endId }, penalty);
            expect(withoutAttention(hypotheses)).toEqual(expected);
            const single = new TableModel(table, { items: 1, vocabulary, endId, firstItem: item });
            expect(beamSearch(single, { beam, maxLength, lengthPenalty })).toEqual([hypotheses]);
            for (const { ids, ended, attention } of hypotheses) {
              const tokens = ids.length + (ended ? 1 : 0);
              expect(attention.map((row) => [...row])).toEqual(
                Array.from({ length: tokens }, (_, t) => [item, t]),
              );
            }
          });
        },
      ),
      { numRuns: 300 },
    );
    // Else the property has said nothing about stopping.
    expect(stopped).toBeGreaterThan(20);
  });

  it('stops when nothing live can enter the best', () => {
    const sure: Table = (_, tokens) =>
      Float32Array.from(tokens.length === 2 ? [-0.01, -5, -6] : [-7, -0.01, -5]);
    const model = new TableModel(sure, { items: 1, vocabulary: 3 });
    const [[best]] = beamSearch(model, { beam: 1, maxLength: 50 }) as [[Hypothesis]];
    expect(best.ids).toEqual([1, 1]);
    expect(model.steps).toBe(3);
  });

  it('gives fewer than K where no more are possible, and none where nothing is', () => {
    const only: Table = (item, tokens) =>
      Float32Array.from(
        item === 1 ? [-Infinity, -Infinity] : tokens.length === 1 ? [0, -Infinity] : [-Infinity, 0],
      );
    const model = new TableModel(only, { items: 2, vocabulary: 2 });
    const [first, second] = beamSearch(model, { beam: 3, maxLength: 5 });
    expect(withoutAttention(first!)).toEqual([{ ids: [1], logProbability: 0, score: 0, ended: true }]);
    expect(second).toEqual([]);
    expect(model.live).toBe(0);
  });

  it('breaks ties by hypothesis, then by id', () => {
    const even: Table = () => Float32Array.from([-1, -1, -1]);
    const [hypotheses] = beamSearch(new TableModel(even, { items: 1, vocabulary: 3, endId: 2 }), {
      beam: 2,
      maxLength: 1,
    });
    expect(hypotheses!.map(({ ids }) => ids)).toEqual([[0], [1]]);
  });

  it('releases all states when a step fails', () => {
    for (const failAt of [1, 2, 3]) {
      const model = new TableModel(randomTable(3, 4), { items: 3, vocabulary: 4, endId: 3 });
      model.failAt = failAt;
      expect(() => beamSearch(model, { beam: 3, maxLength: 6 })).toThrow('no more steps');
      expect(model.live).toBe(0);
    }
  });

  it('of no items is nothing', () => {
    expect(
      beamSearch(new TableModel(randomTable(1, 3), { items: 0, vocabulary: 3 }), { beam: 2, maxLength: 4 }),
    ).toEqual([]);
  });

  it('refuses options outside their ranges', () => {
    const model = new TableModel(randomTable(1, 3), { items: 1, vocabulary: 3 });
    for (const value of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => beamSearch(model, { beam: value, maxLength: 3 })).toThrow(
        new ArgumentError(`beamSearch: beam must be a positive integer, got ${value}`),
      );
      expect(() => beamSearch(model, { beam: 2, maxLength: value })).toThrow(
        new ArgumentError(`beamSearch: maxLength must be a positive integer, got ${value}`),
      );
    }
    for (const alpha of [-0.1, NaN, Infinity]) {
      for (const kind of ['gnmt', 'power'] as const) {
        expect(() => beamSearch(model, { beam: 2, maxLength: 3, lengthPenalty: { kind, alpha } })).toThrow(
          new ArgumentError(`beamSearch: lengthPenalty.alpha must be finite and at least 0, got ${alpha}`),
        );
      }
    }
    const unknown = { kind: 'other', alpha: 1 } as unknown as LengthPenalty;
    expect(() => beamSearch(model, { beam: 2, maxLength: 3, lengthPenalty: unknown })).toThrow(
      new ArgumentError('beamSearch: unknown lengthPenalty other'),
    );
    expect(model.live).toBe(0);
    expect(model.steps).toBe(0);
  });
});
