import { type GradientResult, gradients } from '../autograd/tape.ts';
import { loadBinary, type RuntimeOptions } from '../runtime/load.ts';
import { Runtime, type RuntimeParts } from '../runtime/runtime.ts';
import { Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { trainingBinaries } from './binaries.ts';

/** A runtime on the training binary: everything the inference one does, and gradients. */
export class TrainingRuntime extends Runtime {
  /** Where initial weights, dropout and shuffling take their randomness. */
  readonly random: Random;

  constructor(module: WebAssembly.Module, parts: RuntimeParts & { readonly seed?: number }) {
    super(module, parts);
    this.random = new Random(parts.seed ?? 0);
  }

  /**
   * Runs `body`, which returns a scalar loss, and differentiates it by the parameters.
   * @returns the loss, and the gradients by name, which pass to the enclosing scope or the caller
   * @throws ArgumentError when the loss is not a scalar
   */
  gradients(body: () => Tensor, parameters: ReadonlyMap<string, Tensor>): GradientResult {
    return gradients(this, body, parameters);
  }
}

/**
 * Makes a runtime that can train.
 * @param options as for `createRuntime`, and `seed` (0 by default)
 * @throws UnsupportedError, ArgumentError
 */
export async function trainingRuntime(
  options: RuntimeOptions & { seed?: number } = {},
): Promise<TrainingRuntime> {
  const { module, ...parts } = await loadBinary(trainingBinaries, options);
  return new TrainingRuntime(module, { ...parts, seed: options.seed });
}
