import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import {
  inverseSquareRoot,
  type SamplingDecay,
  scheduledSampling,
  warmupCosine,
} from '../../src/train/schedule.ts';

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

describe('inverseSquareRoot', () => {
  it('rises in a line to the peak, then falls with the root of the step', () => {
    const schedule = inverseSquareRoot({ peak: 3, warmupSteps: 4 });
    expect(Array.from({ length: 4 }, (_, step) => schedule(step))).toEqual([0.75, 1.5, 2.25, 3]);
    expect(schedule(15)).toBe(1.5);
    expect(schedule(399)).toBeCloseTo(0.3, 12);
    expect(inverseSquareRoot({ peak: 2, warmupSteps: 1 })(0)).toBe(2);
  });

  it('is equation 3 of Vaswani 2017 with their peak', () => {
    const [modelSize, warmupSteps] = [512, 4000];
    const schedule = inverseSquareRoot({ peak: (modelSize * warmupSteps) ** -0.5, warmupSteps });
    for (const step of [1, 2, 1000, 3999, 4000, 4001, 100_000]) {
      const rate = modelSize ** -0.5 * Math.min(step ** -0.5, step * warmupSteps ** -1.5);
      expect(schedule(step - 1) / rate).toBeCloseTo(1, 12);
    }
  });

  it.each([
    [{ peak: 0, warmupSteps: 1 }, 'inverseSquareRoot: peak must be positive, got 0'],
    [{ peak: NaN, warmupSteps: 1 }, 'inverseSquareRoot: peak must be positive, got NaN'],
    [{ peak: 1, warmupSteps: 0 }, 'inverseSquareRoot: warmupSteps must be at least 1 and finite, got 0'],
    [
      { peak: 1, warmupSteps: Infinity },
      'inverseSquareRoot: warmupSteps must be at least 1 and finite, got Infinity',
    ],
  ])('refuses %j', (options, message) => {
    expect(() => inverseSquareRoot(options)).toThrow(new ArgumentError(message));
  });
});

describe('scheduledSampling', () => {
  it('has the three decays of Bengio 2015', () => {
    const linear = scheduledSampling({ kind: 'linear', offset: 0.9, slope: 0.01, floor: 0.25 });
    expect([0, 10, 64, 65, 1000].map(linear)).toEqual([0.9, 0.8, 0.9 - 0.64, 0.25, 0.25]);
    expect([0, 2, 5].map(scheduledSampling({ kind: 'linear', slope: 0.25 }))).toEqual([1, 0.5, 0]);
    const exponential = scheduledSampling({ kind: 'exponential', base: 0.5 });
    expect([0, 1, 3].map(exponential)).toEqual([1, 0.5, 0.125]);
    const sigmoid = scheduledSampling({ kind: 'inverseSigmoid', k: 10 });
    expect(sigmoid(0)).toBeCloseTo(10 / 11, 12);
    // One half where exp(i / k) = k.
    expect(sigmoid(10 * Math.log(10))).toBeCloseTo(0.5, 12);
    expect(sigmoid(1e6)).toBe(0);
  });

  it('falls, within [0, 1]', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    const decays: fc.Arbitrary<SamplingDecay> = fc.oneof(
      fc.record({ kind: fc.constant('linear' as const), offset: unit, slope: unit }),
      fc.record({
        kind: fc.constant('exponential' as const),
        base: fc.double({ min: 1e-3, max: 0.999, noNaN: true }),
      }),
      fc.record({
        kind: fc.constant('inverseSigmoid' as const),
        k: fc.double({ min: 1, max: 1e4, noNaN: true }),
      }),
    );
    fc.assert(
      fc.property(decays, fc.integer({ min: 0, max: 1e6 }), (decay, step) => {
        const [now, next] = [step, step + 1].map(scheduledSampling(decay)) as [number, number];
        expect(now).toBeLessThanOrEqual(1);
        expect(next).toBeGreaterThanOrEqual(0);
        expect(next).toBeLessThanOrEqual(now);
      }),
    );
  });

  it.each<[SamplingDecay, string]>([
    [{ kind: 'linear', slope: -1 }, 'slope must be at least 0 and finite, got -1'],
    [{ kind: 'linear', slope: 1, offset: 1.1 }, 'offset must lie in [0, 1], got 1.1'],
    [{ kind: 'linear', slope: 1, floor: 1 }, 'floor must lie in [0, 1), got 1'],
    [{ kind: 'exponential', base: 1 }, 'base must lie in (0, 1), got 1'],
    [{ kind: 'inverseSigmoid', k: 0.5 }, 'k must be at least 1 and finite, got 0.5'],
    [{ kind: 'inverseSigmoid', k: NaN }, 'k must be at least 1 and finite, got NaN'],
    [
      { kind: 'cosine' } as unknown as SamplingDecay,
      'kind must be linear, exponential or inverseSigmoid, got cosine',
    ],
  ])('refuses %j', (decay, message) => {
    expect(() => scheduledSampling(decay)).toThrow(new ArgumentError(`scheduledSampling: ${message}`));
  });
});
