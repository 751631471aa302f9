import { ArgumentError } from '../errors.ts';

/** Ids that a model gives a meaning of their own. */
export interface SpecialTokens {
  readonly paddingId: number;
  readonly startId: number;
  readonly endId: number;
}

/** @throws ArgumentError for an id outside the vocabulary that the model writes with */
export function checkTokens(
  where: string,
  vocabulary: number,
  { paddingId, startId, endId }: SpecialTokens,
): void {
  for (const [name, id] of Object.entries({ paddingId, startId, endId })) {
    checkId(`${where}: ${name}`, id, vocabulary);
  }
}

/** @throws ArgumentError `<what> must lie in 0..vocabulary - 1` for an id that does not */
export function checkId(what: string, id: number, vocabulary: number): void {
  if (Number.isInteger(id) && id >= 0 && id < vocabulary) return;
  throw new ArgumentError(`${what} must lie in 0..${vocabulary - 1}, got ${id}`);
}
