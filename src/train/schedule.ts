import { ArgumentError } from '../errors.ts';

/** A number for each step, counted from 0: a learning rate, or a probability. */
export type Schedule = (step: number) => number;

/**
 * Linear warm-up to the peak, then half a cosine down to `floor` times the peak at the last step (Loshchilov & Hutter
 * 2017, without restarts).
 * @throws ArgumentError unless 0 <= warmupSteps < totalSteps and peak > 0
 */
export function warmupCosine(options: {
  peak: number;
  warmupSteps: number;
  totalSteps: number;
  floor?: number;
}): Schedule {
  const { peak, warmupSteps, totalSteps, floor = 0 } = options;
  if (!(peak > 0)) throw new ArgumentError(`warmupCosine: peak must be positive, got ${peak}`);
  if (!(warmupSteps >= 0 && warmupSteps < totalSteps)) {
    throw new ArgumentError(
      `warmupCosine: need 0 <= warmupSteps < totalSteps, got ${warmupSteps} and ${totalSteps}`,
    );
  }
  return (step) => {
    if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
    const done = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - 1 - warmupSteps));
    return peak * (floor + ((1 - floor) * (1 + Math.cos(Math.PI * done))) / 2);
  };
}

/**
 * Linear warm-up to the peak, reached with step `warmupSteps`, then the peak times sqrt(warmupSteps / step). With
 * peak = (modelSize * warmupSteps)^-0.5 this is equation 3 of Vaswani 2017, which counts steps from 1; so does the
 * formula here, for the step after the 0 that `Schedule` begins with.
 * @throws ArgumentError unless warmupSteps is at least 1 and peak > 0
 */
export function inverseSquareRoot({ peak, warmupSteps }: { peak: number; warmupSteps: number }): Schedule {
  if (!(peak > 0)) throw new ArgumentError(`inverseSquareRoot: peak must be positive, got ${peak}`);
  if (!(warmupSteps >= 1 && warmupSteps < Number.POSITIVE_INFINITY)) {
    throw new ArgumentError(
      `inverseSquareRoot: warmupSteps must be at least 1 and finite, got ${warmupSteps}`,
    );
  }
  return (step) => peak * Math.min((step + 1) / warmupSteps, Math.sqrt(warmupSteps / (step + 1)));
}

/**
 * How the probability of feeding the true token falls with the step i (scheduled sampling, Bengio 2015, section 2.4):
 * - `linear`: max(floor, offset - slope i)
 * - `exponential`: base^i
 * - `inverseSigmoid`: k / (k + exp(i / k))
 */
export type SamplingDecay =
  | { readonly kind: 'linear'; readonly offset?: number; readonly slope: number; readonly floor?: number }
  | { readonly kind: 'exponential'; readonly base: number }
  | { readonly kind: 'inverseSigmoid'; readonly k: number };

/**
 * The probability of feeding the true token rather than the model's own, at each step.
 * @param decay `linear` has offset 1 and floor 0 by default
 * @throws ArgumentError unless offset lies in [0, 1], floor in [0, 1), slope is at least 0 and finite, base lies in
 *   (0, 1), and k is at least 1 and finite
 */
export function scheduledSampling(decay: SamplingDecay): Schedule {
  const expect = (name: string, value: number, isIn: boolean, range: string): void => {
    if (!isIn) throw new ArgumentError(`scheduledSampling: ${name} must ${range}, got ${value}`);
  };
  switch (decay.kind) {
    case 'linear': {
      const { offset = 1, slope, floor = 0 } = decay;
      expect('offset', offset, offset >= 0 && offset <= 1, 'lie in [0, 1]');
      expect('slope', slope, slope >= 0 && slope < Number.POSITIVE_INFINITY, 'be at least 0 and finite');
      expect('floor', floor, floor >= 0 && floor < 1, 'lie in [0, 1)');
      return (step) => Math.max(floor, offset - slope * step);
    }
    case 'exponential': {
      const { base } = decay;
      expect('base', base, base > 0 && base < 1, 'lie in (0, 1)');
      return (step) => base ** step;
    }
    case 'inverseSigmoid': {
      const { k } = decay;
      expect('k', k, k >= 1 && k < Number.POSITIVE_INFINITY, 'be at least 1 and finite');
      return (step) => k / (k + Math.exp(step / k));
    }
    default:
      throw new ArgumentError(
        `scheduledSampling: kind must be linear, exponential or inverseSigmoid, got ${String((decay satisfies never as SamplingDecay).kind)}`,
      );
  }
}
