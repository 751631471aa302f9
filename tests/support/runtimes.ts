/**
 * The instruction sets that this engine runs: suites iterate over them with `describe.each(variants)`.
 * `tests/runtime/variants.test.ts` prints those that are skipped.
 */
import { variants as allVariants, supports, type Variant } from '../../src/runtime/variant.ts';
import { type TrainingRuntime, trainingRuntime } from '../../src/train/trainingRuntime.ts';

const supported = await Promise.all(allVariants.map(supports));

/** Variants that can be tested here, best first. */
export const variants: readonly Variant[] = allVariants.filter((_, i) => supported[i]);

/** Variants that this engine is too old for. */
export const skippedVariants: readonly Variant[] = allVariants.filter((_, i) => !supported[i]);

const runtimes = new Map<Variant, Promise<TrainingRuntime>>();

/** A training runtime of the variant, one for all tests of a file. */
export function sharedRuntime(variant: Variant): Promise<TrainingRuntime> {
  let runtime = runtimes.get(variant);
  if (!runtime) {
    runtime = trainingRuntime({ variant });
    runtimes.set(variant, runtime);
  }
  return runtime;
}
