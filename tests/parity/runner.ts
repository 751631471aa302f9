/** What a family of cases must say: how heed computes them. */
import type { Comparison } from './compare.ts';
import type { Fixture } from './fixture.ts';
import type { Arithmetic } from './tolerance.ts';

/** What heed made of a case. */
export interface Outcome {
  readonly comparisons: readonly Comparison[];
  readonly arithmetic?: Arithmetic;
  /** What the reader of the row should know. */
  readonly note?: string;
  /** Outputs that heed does not give, and why. */
  readonly unchecked?: readonly { readonly outputs: RegExp; readonly reason: string }[];
}

/**
 * Computes a case on the training runtime, within a scope.
 * @throws NotRun when heed does not have what the case asks for
 */
export type Runner = (fixture: Fixture) => Outcome;

/** Runners by PyTorch module or ONNX operator. */
export type Runners = Readonly<Record<string, Runner>>;
