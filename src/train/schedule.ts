import { ArgumentError } from '../errors.ts';

/** A learning rate for each step, counted from 0. */
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
