import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { Random } from '../../src/tensor/random.ts';
import { type MaskingOptions, maskTokens } from '../../src/train/masking.ts';
import { testSeed } from '../support/random.ts';

const [PAD, START, END, MASK, VOCABULARY] = [0, 1, 2, 3, 24];
const ORDINARY = VOCABULARY - 4;
const options = (random: Random, more: Partial<MaskingOptions> = {}): MaskingOptions => ({
  ...{ vocabulary: VOCABULARY, maskId: MASK, special: [PAD, START, END], random },
  ...more,
});

/** Five deviations of a binomial count: exceeded once in two million. */
const bound = (n: number, p: number): number => 5 * Math.sqrt(n * p * (1 - p));

describe('maskTokens', () => {
  it.each([{}, { share: 0.4, masked: 0.5, replaced: 0.5 }, { share: 1, masked: 0, replaced: 0.25 }])(
    'chooses, hides, replaces and keeps the shares it says: %j',
    (shares) => {
      const { share = 0.15, masked = 0.8, replaced = 0.1 } = shares as Partial<MaskingOptions>;
      const n = 100_000;
      const random = new Random(testSeed());
      const ids = Array.from({ length: n }, () => 4 + random.integer(ORDINARY));
      const { input, targets } = maskTokens(ids, options(random, shares));
      const chosen = ids.map((_, i) => i).filter((i) => targets[i] !== -100);
      expect(Math.abs(chosen.length - n * share)).toBeLessThanOrEqual(bound(n, share));
      const count = (is: (i: number) => boolean): number => chosen.filter(is).length;
      const expectShare = (actual: number, p: number) =>
        expect(Math.abs(actual - chosen.length * p)).toBeLessThanOrEqual(bound(chosen.length, p));
      expectShare(
        count((i) => input[i] === MASK),
        masked,
      );
      // A drawn token may be the one that was there.
      const changed = chosen.filter((i) => input[i] !== MASK && input[i] !== ids[i]);
      expectShare(changed.length, replaced * (1 - 1 / ORDINARY));
      for (let id = 4; id < VOCABULARY; id++) {
        const p = (replaced * (1 - 1 / ORDINARY)) / ORDINARY;
        expectShare(changed.filter((i) => input[i] === id).length, p);
      }
    },
  );

  it('never touches special ids, and asks for what was there', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: VOCABULARY - 1 }), { maxLength: 30 }),
        fc.integer(),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.constantFrom(-100, -1, PAD),
        (ids, seed, share, ignoredId) => {
          const given = [...ids];
          const { input, targets } = maskTokens(ids, options(new Random(seed), { share, ignoredId }));
          expect(ids).toEqual(given);
          expect([input.length, targets.length]).toEqual([ids.length, ids.length]);
          ids.forEach((id, i) => {
            if (id <= MASK) expect([input[i], targets[i]]).toEqual([id, ignoredId]);
            else if (targets[i] === ignoredId) expect(input[i]).toBe(id);
            else {
              expect(targets[i]).toBe(id);
              expect(input[i]).toBeGreaterThanOrEqual(MASK);
            }
          });
          // There is a target wherever there can be one.
          expect(targets.some((target) => target !== ignoredId)).toBe(ids.some((id) => id > MASK));
        },
      ),
      { seed: testSeed() },
    );
  });

  it('chooses one of a short sequence with equal chances where none came up', () => {
    const random = new Random(testSeed());
    const counts = new Array<number>(4).fill(0);
    for (let i = 0; i < 4000; i++) {
      const { targets } = maskTokens([START, 7, 8, END], options(random, { share: 1e-9 }));
      targets.forEach((target, place) => {
        if (target !== -100) counts[place]!++;
      });
    }
    expect(counts[1]! + counts[2]!).toBe(4000);
    expect(Math.abs(counts[1]! - 2000)).toBeLessThan(bound(4000, 0.5));
  });

  it('the same seed gives the same masks', () => {
    const ids = Array.from({ length: 200 }, (_, i) => i % VOCABULARY);
    const masked = (seed: number) => maskTokens(ids, options(new Random(seed)));
    expect(masked(1)).toEqual(masked(1));
    expect(masked(1)).not.toEqual(masked(2));
  });

  it.each<[ArrayLike<number>, Partial<MaskingOptions>, string]>([
    [[4, 24], {}, 'ids must lie in 0..23, got 24 at index 1'],
    [[-1], {}, 'ids must lie in 0..23, got -1 at index 0'],
    [[4.5], {}, 'ids must lie in 0..23, got 4.5 at index 0'],
    [[4], { maskId: 24 }, 'ids must lie in 0..23, got 24 as maskId'],
    [[4], { special: [30] }, 'ids must lie in 0..23, got 30 in special'],
    [[4], { share: 0 }, 'share must lie in (0, 1], got 0'],
    [[4], { share: NaN }, 'share must lie in (0, 1], got NaN'],
    [
      [4],
      { masked: 0.9, replaced: 0.2 },
      'masked and replaced must be at least 0 and at most 1 together, got 0.9 and 0.2',
    ],
    [
      [4],
      { replaced: -0.1 },
      'masked and replaced must be at least 0 and at most 1 together, got 0.8 and -0.1',
    ],
    [[0], { ignoredId: 0.5 }, 'ignoredId must be a whole number of 32 bits, got 0.5'],
    [[0], { vocabulary: 0 }, 'vocabulary must be a positive integer, got 0'],
    [
      [0],
      { vocabulary: 2, maskId: 1, special: [0] },
      'special must leave some of the 2 ids, got all of them',
    ],
  ])('refuses %j with %j', (ids, more, message) => {
    const random = new Random(1);
    expect(() => maskTokens(ids, options(random, more))).toThrow(new ArgumentError(`maskTokens: ${message}`));
    expect(random.state).toBe(1);
  });
});
