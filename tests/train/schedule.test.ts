import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { warmupCosine } from '../../src/train/schedule.ts';

describe('warmupCosine', () => {
  it('rises in a line to the peak, then falls by half a cosine to zero', () => {
    const schedule = warmupCosine({ peak: 2, warmupSteps: 4, totalSteps: 15 });
    const rates = Array.from({ length: 15 }, (_, step) => schedule(step));
    expect(rates.slice(0, 5)).toEqual([0.5, 1, 1.5, 2, 2]);
    expect(rates[9]).toBeCloseTo(1, 12);
    expect(rates[14]).toBe(0);
    expect(schedule(4 + 2.5)).toBeCloseTo(1 + Math.SQRT1_2, 12);
  });

  it('ends at the floor and stays there', () => {
    const schedule = warmupCosine({ peak: 3, warmupSteps: 0, totalSteps: 11, floor: 0.1 });
    expect(schedule(0)).toBe(3);
    expect(schedule(5)).toBeCloseTo(3 * 0.55, 12);
    expect(schedule(10)).toBeCloseTo(0.3, 12);
    expect(schedule(1000)).toBe(schedule(10));
  });

  it('of one step is the peak', () => {
    expect(warmupCosine({ peak: 3, warmupSteps: 0, totalSteps: 1 })(0)).toBe(3);
  });

  it('rises, then falls, between 0 and the peak', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 10, noNaN: true }),
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (peak, warmupSteps, rest, floor) => {
          const totalSteps = warmupSteps + rest;
          const schedule = warmupCosine({ peak, warmupSteps, totalSteps, floor });
          for (let step = 1; step < totalSteps; step++) {
            const rising = schedule(step) - schedule(step - 1);
            if (step < warmupSteps) expect(rising).toBeGreaterThan(0);
            else expect(rising).toBeLessThanOrEqual(peak * 1e-12);
            expect(schedule(step)).toBeLessThanOrEqual(peak * (1 + 1e-12));
            expect(schedule(step)).toBeGreaterThanOrEqual(0);
          }
        },
      ),
    );
  });

  it.each([
    [{ peak: 0, warmupSteps: 1, totalSteps: 2 }, 'warmupCosine: peak must be positive, got 0'],
    [{ peak: NaN, warmupSteps: 1, totalSteps: 2 }, 'warmupCosine: peak must be positive, got NaN'],
    [
      { peak: 1, warmupSteps: 2, totalSteps: 2 },
      'warmupCosine: need 0 <= warmupSteps < totalSteps, got 2 and 2',
    ],
    [
      { peak: 1, warmupSteps: -1, totalSteps: 2 },
      'warmupCosine: need 0 <= warmupSteps < totalSteps, got -1 and 2',
    ],
  ])('refuses %j', (options, message) => {
    expect(() => warmupCosine(options)).toThrow(new ArgumentError(message));
  });
});
