/** Which token comes next. */
import { argmax } from '../decode/greedy.ts';
import { type SamplingOptions, sampleToken } from '../decode/sample.ts';
import { ArgumentError } from '../errors.ts';
import type { Random } from '../tensor/random.ts';

export interface TokenChoiceOptions {
  /** How tokens are drawn; without it the most probable one is taken. */
  readonly sampling?: SamplingOptions & { readonly random: Random };
  /** Logits of tokens that were there already are divided by it where positive, else multiplied (Keskar 2019). */
  readonly repetitionPenalty: number;
  readonly suppressed: readonly number[];
}

export class TokenChoice {
  readonly #options: TokenChoiceOptions;
  readonly #seen: Set<number>;

  /** @param prompt what counts as there already @throws ArgumentError for a penalty that is not positive */
  constructor(where: string, options: TokenChoiceOptions, prompt: readonly number[]) {
    const { repetitionPenalty } = options;
    if (!(repetitionPenalty > 0 && repetitionPenalty < Number.POSITIVE_INFINITY)) {
      throw new ArgumentError(`${where}: repetitionPenalty must be positive, got ${repetitionPenalty}`);
    }
    this.#options = options;
    this.#seen = new Set(prompt);
  }

  /**
   * @param logits [vocabulary], which are changed
   * @returns logProbability is the model's own, before anything is changed
   */
  next(logits: Float32Array): { readonly id: number; readonly logProbability: number } {
    const { sampling, repetitionPenalty, suppressed } = this.#options;
    const total = logSumExp(logits);
    const own = logits.slice();
    if (repetitionPenalty !== 1) {
      for (const id of this.#seen) {
        logits[id] = logits[id]! < 0 ? logits[id]! * repetitionPenalty : logits[id]! / repetitionPenalty;
      }
    }
    for (const id of suppressed) if (id < logits.length) logits[id] = Number.NEGATIVE_INFINITY;
    const id = sampling ? sampleToken(logits, sampling.random.uniform(), sampling) : argmax(logits);
    this.#seen.add(id);
    return { id, logProbability: own[id]! - total };
  }
}

function logSumExp(values: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > largest) largest = value;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum);
}
