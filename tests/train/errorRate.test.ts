import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { editDistance, errorRates } from '../../src/train/errorRate.ts';

const sequence = fc.array(fc.constantFrom('A', 'B', 'C'), { maxLength: 8 });
const symbols = (text: string) => (text === '' ? [] : text.split(' '));

describe('editDistance', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['sunday', 'saturday', 3],
    ['intention', 'execution', 5],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['', '', 0],
    ['abc', 'cab', 2],
    ['ab', 'ba', 2],
  ])('from %j to %j is %i', (a, b, distance) => {
    expect(editDistance([...a], [...b])).toBe(distance);
  });

  it('counts symbols, not characters', () => {
    expect(editDistance(['AH0', 'B'], ['AW1', 'B'])).toBe(1);
    expect(editDistance([1, 2, 3], [1, 3])).toBe(1);
  });

  it('is a metric', () => {
    fc.assert(
      fc.property(sequence, sequence, sequence, (a, b, c) => {
        const distance = editDistance(a, b);
        expect(distance === 0).toBe(a.join() === b.join());
        expect(distance).toBe(editDistance(b, a));
        expect(editDistance(a, c)).toBeLessThanOrEqual(distance + editDistance(b, c));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
      { numRuns: 500 },
    );
  });

  it('equals the recursive definition', () => {
    const defined = (a: readonly string[], b: readonly string[]): number => {
      if (a.length === 0 || b.length === 0) return a.length + b.length;
      const [x, ...restA] = a;
      const [y, ...restB] = b;
      return Math.min(
        defined(restA, b) + 1,
        defined(a, restB) + 1,
        defined(restA, restB) + (x === y ? 0 : 1),
      );
    };
    const short = fc.array(fc.constantFrom('A', 'B', 'C'), { maxLength: 5 });
    fc.assert(fc.property(short, short, (a, b) => editDistance(a, b) === defined(a, b)));
  });
});

describe('errorRates', () => {
  const result = (predicted: string, ...references: string[]) => {
    return { predicted: symbols(predicted), references: references.map(symbols) };
  };

  it('of a known example', () => {
    const rates = errorRates([
      result('K AE1 T', 'K AE1 T'), // right
      result('D AO1 G', 'D AA1 G', 'D AO1 G'), // right by the second reference
      result('AH0 B AW2 T', 'AH0 B AW1 T'), // stress only
      result('R EH1 D Z', 'R IY1 D'), // two errors in three
    ]);
    expect(rates).toEqual({ words: 4, per: 3 / 13, wer: 0.5, perNoStress: 2 / 13, werNoStress: 0.25 });
  });

  it('measures against the closest reference, the shortest of equally close ones', () => {
    expect(errorRates([result('A B', 'A B C D', 'A C')]).per).toBe(1 / 2);
    expect(errorRates([result('A B', 'A B C', 'B')]).per).toBe(1);
    expect(errorRates([result('A B', 'B', 'A B C')]).per).toBe(1);
  });

  it('looks for the closest reference anew without stress', () => {
    const rates = errorRates([result('A0 B0 C0', 'A1 B1 C1', 'A0 B0 D0')]);
    expect(rates).toEqual({ words: 1, per: 1 / 3, wer: 1, perNoStress: 0, werNoStress: 0 });
  });

  it('counts an empty prediction as all deletions, and a long one beyond 1', () => {
    expect(errorRates([result('', 'K AE1 T')])).toMatchObject({ per: 1, wer: 1 });
    expect(errorRates([result('A A A', 'B')]).per).toBe(3);
  });

  it('is 0 for right predictions, not more words wrong without stress, and free of the order of references', () => {
    const stressed = fc.array(fc.constantFrom('A0', 'A1', 'B', 'C2'), { minLength: 1, maxLength: 6 });
    const results = fc.array(
      fc.record({ predicted: stressed, references: fc.array(stressed, { minLength: 1, maxLength: 3 }) }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(results, (given) => {
        const rates = errorRates(given);
        expect(rates.werNoStress).toBeLessThanOrEqual(rates.wer);
        expect(rates.wer).toBeLessThanOrEqual(1);
        expect(rates.wer === 0).toBe(rates.per === 0);
        const turned = given.map((one) => ({ ...one, references: [...one.references].reverse() }));
        expect(errorRates(turned)).toEqual(rates);
        const right = given.map((one) => ({ ...one, predicted: one.references[0]! }));
        expect(errorRates(right)).toMatchObject({ per: 0, wer: 0, perNoStress: 0, werNoStress: 0 });
      }),
    );
  });

  it('refuses nothing to measure and nothing to measure against', () => {
    expect(() => errorRates([])).toThrow(ArgumentError);
    expect(() => errorRates([])).toThrow('errorRates: results is empty');
    expect(() => errorRates([result('A', 'A'), result('A')])).toThrow(
      'errorRates: results[1].references is empty, expected sequences of symbols',
    );
    expect(() => errorRates([result('A', 'A', '')])).toThrow(ArgumentError);
  });
});
