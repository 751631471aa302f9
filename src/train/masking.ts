import { ArgumentError } from '../errors.ts';
import type { Random } from '../tensor/random.ts';

export interface MaskingOptions {
  /** Ids lie in 0..vocabulary - 1. */
  readonly vocabulary: number;
  /** What stands for a hidden token (`[MASK]`). */
  readonly maskId: number;
  /** Ids that are never chosen nor put in the place of others: padding, start, end. `maskId` is one of them anyway. */
  readonly special?: readonly number[];
  /** Share of the tokens that is chosen, in (0, 1]; Devlin's 0.15 by default. */
  readonly share?: number;
  /** Shares of the chosen that become `maskId`, and another token; the rest stays. 0.8 and 0.1 by default. */
  readonly masked?: number;
  readonly replaced?: number;
  /** Target where nothing is to be predicted: `ignored` of `crossEntropy`. -100 by default, as in PyTorch. */
  readonly ignoredId?: number;
  readonly random: Random;
}

/**
 * The input and the targets of masked language modelling (Devlin 2019, section 3.1). Each token that is not special is
 * chosen with the probability `share`, on its own; of the chosen 80 % become `maskId`, 10 % a token drawn from all that
 * are not special, and 10 % stay. Where chance chooses none, one is chosen after all, so that there is a loss: with one call
 * for a batch that is one of the batch, with one for each sequence one of each.
 * @param ids of one sequence, or of a padded batch in a row, whose padding is special; left as they are
 * @returns input and targets, as long as ids; no target at all where every id is special
 * @throws ArgumentError for an id outside the vocabulary, shares outside their ranges, or a vocabulary of special ids only
 */
export function maskTokens(
  ids: ArrayLike<number>,
  options: MaskingOptions,
): { input: Int32Array; targets: Int32Array } {
  const { share = 0.15, masked = 0.8, replaced = 0.1, ignoredId = -100, maskId, random } = options;
  const ordinary = ordinaryIds(options);
  const isOrdinary = new Set(ordinary);
  if (!(share > 0 && share <= 1))
    throw new ArgumentError(`maskTokens: share must lie in (0, 1], got ${share}`);
  if (!(masked >= 0 && replaced >= 0 && masked + replaced <= 1)) {
    throw new ArgumentError(
      `maskTokens: masked and replaced must be at least 0 and at most 1 together, got ${masked} and ${replaced}`,
    );
  }
  if ((ignoredId | 0) !== ignoredId) {
    throw new ArgumentError(`maskTokens: ignoredId must be a whole number of 32 bits, got ${ignoredId}`);
  }
  for (let i = 0; i < ids.length; i++) checkId(options.vocabulary, ids[i]!, `at index ${i}`);
  const input = Int32Array.from(ids);
  const targets = new Int32Array(ids.length).fill(ignoredId);
  const candidates = Array.from(ids, (_, i) => i).filter((i) => isOrdinary.has(ids[i]!));
  const chosen = candidates.filter(() => random.uniform() < share);
  if (chosen.length === 0 && candidates.length > 0)
    chosen.push(candidates[random.integer(candidates.length)]!);
  for (const i of chosen) {
    targets[i] = ids[i]!;
    const fate = random.uniform();
    if (fate < masked) input[i] = maskId;
    else if (fate < masked + replaced) input[i] = ordinary[random.integer(ordinary.length)]!;
  }
  return { input, targets };
}

function checkId(vocabulary: number, id: number, what: string): void {
  if (Number.isInteger(id) && id >= 0 && id < vocabulary) return;
  throw new ArgumentError(`maskTokens: ids must lie in 0..${vocabulary - 1}, got ${id} ${what}`);
}

/** All that are neither special nor the mask. */
function ordinaryIds({ vocabulary, maskId, special = [] }: MaskingOptions): readonly number[] {
  if (!(Number.isInteger(vocabulary) && vocabulary > 0)) {
    throw new ArgumentError(`maskTokens: vocabulary must be a positive integer, got ${vocabulary}`);
  }
  checkId(vocabulary, maskId, 'as maskId');
  for (const id of special) checkId(vocabulary, id, 'in special');
  const apart = new Set([...special, maskId]);
  const ordinary = Array.from({ length: vocabulary }, (_, id) => id).filter((id) => !apart.has(id));
  if (ordinary.length === 0) {
    throw new ArgumentError(`maskTokens: special must leave some of the ${vocabulary} ids, got all of them`);
  }
  return ordinary;
}
