/** How far a result is from its reference. */
import type { Fixture } from './fixture.ts';

/** Values that heed computed, and the tensor of the case that they should equal. */
export interface Comparison {
  /** `out.y`, `grad.w.weight`; several may have the same name. */
  readonly name: string;
  readonly actual: ArrayLike<number>;
  /** `exact` for ids. `single` ignores a twin in double precision, which another calculation gave. */
  readonly against?: 'twin' | 'single' | 'exact';
  /** Tensors of a group share a scale; the part of the name before its first dot by default. */
  readonly group?: string;
}

export interface Measured {
  readonly name: string;
  readonly isGradient: boolean;
  /** How much larger than this tensor's values those of its group are, where it has few; else 1. */
  readonly cancellation: number;
  /** Relative error; Infinity where a number is missing, or one is there that should not be. */
  readonly error: number;
  /** The element that is wrong, where the error is infinite. */
  readonly fault?: string;
}

/** A tensor of fewer elements is a sum whose terms may well cancel: its errors are those of the terms. */
const FEW = 4;
/** Below this share of its group's largest value a tensor is small because terms cancel: its errors do not. */
const SMALL = 1e-3;

/**
 * The relative error of each comparison, max |a - b| / max(max |ref|, 1e-3 * the largest |ref| of its group); where
 * the case asks for it element by element, |a - b| / max(1, |ref|). The reference is the float64 twin, if there is one.
 */
export function measure(fixture: Fixture, comparisons: readonly Comparison[]): Measured[] {
  const elementwise = fixture.description.compare === 'elementwise';
  const references = comparisons.map((comparison) => referenceOf(fixture, comparison));
  const groups = new Map<string, number>();
  comparisons.forEach((comparison, i) => {
    const group = groupOf(comparison);
    groups.set(group, Math.max(groups.get(group) ?? 0, largestOf(references[i]!)));
  });
  return comparisons.map((comparison, i) => {
    const { name, actual, against } = comparison;
    const reference = references[i]!;
    const largest = groups.get(groupOf(comparison))!;
    const scale = Math.max(largestOf(reference), SMALL * largest);
    const cancellation = reference.length < FEW && scale > 0 ? largest / scale : 1;
    const base = { name, isGradient: name.startsWith('grad.'), cancellation };
    const fault = faultOf(name, actual, reference, against === 'exact');
    if (fault !== undefined) return { ...base, error: Number.POSITIVE_INFINITY, fault };
    return { ...base, error: errorOf(actual, reference, elementwise ? undefined : scale) };
  });
}

function referenceOf(fixture: Fixture, { name, against }: Comparison): Float64Array {
  const twin = name.replace('.', '64.');
  return fixture.doubles(against !== 'single' && fixture.has(twin) ? twin : name);
}

function groupOf({ name, group }: Comparison): string {
  return group ?? name.slice(0, name.indexOf('.'));
}

/** The first element that differs in kind: NaN, an infinity, a number; or at all, where exact. */
function faultOf(
  name: string,
  actual: ArrayLike<number>,
  reference: ArrayLike<number>,
  exact: boolean,
): string | undefined {
  if (actual.length !== reference.length) {
    return `${name} has ${actual.length} elements, the reference ${reference.length}`;
  }
  for (let i = 0; i < reference.length; i++) {
    const [ours, theirs] = [actual[i]!, reference[i]!];
    const both = Number.isFinite(ours) && Number.isFinite(theirs);
    const same = both ? !exact || ours === theirs : Object.is(ours, theirs);
    if (!same) return `${name}[${i}] is ${ours}, the reference ${theirs}`;
  }
  return undefined;
}

/** @param scale of all elements; each has its own, at least 1, where it is absent */
function errorOf(actual: ArrayLike<number>, reference: Float64Array, scale: number | undefined): number {
  let most = 0;
  for (let i = 0; i < reference.length; i++) {
    const difference = Math.abs(actual[i]! - reference[i]!);
    // Equal infinities, and zeros of a tensor of zeros.
    if (!(difference > 0)) continue;
    most = Math.max(most, difference / (scale ?? Math.max(1, Math.abs(reference[i]!))));
  }
  return most;
}

/** The largest finite magnitude. */
function largestOf(values: Float64Array): number {
  return values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
}
