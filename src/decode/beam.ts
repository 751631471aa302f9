/**
 * Beam search over any StepModel, many items side by side.
 *
 * At each step the 2K best continuations of an item's live hypotheses are walked in order: those that end, if among
 * the first K, are finished; the others refill the K live places. What is still live at the length limit joins the
 * finished ones. The search of an item stops as soon as nothing live could still enter its K best, which changes no
 * result.
 */
import { ArgumentError } from '../errors.ts';
import { type Hypothesis, limitsOf, type MaxLength, type StepModel } from './stepModel.ts';

/**
 * What a hypothesis' log-probability is divided by, `length` counting the end token:
 * - `none`: 1
 * - `gnmt`: ((5 + length) / 6)^alpha (Wu 2016, eq. 14)
 * - `power`: length^alpha; with alpha 1 the mean log-probability of a token
 */
export type LengthPenalty =
  | { readonly kind: 'none' }
  | { readonly kind: 'gnmt'; readonly alpha: number }
  | { readonly kind: 'power'; readonly alpha: number };

export interface BeamSearchOptions {
  /** K: live hypotheses of an item, and the most that are returned. */
  readonly beam: number;
  readonly maxLength: MaxLength;
  /** `none` by default. */
  readonly lengthPenalty?: LengthPenalty;
}

/** A hypothesis under way; tokens are a list linked backwards, which beams share. */
interface Path {
  readonly parent: Path | undefined;
  readonly id: number;
  readonly length: number;
  readonly logProbability: number;
  readonly attention: Float32Array;
}

/** A live hypothesis and the row of the state that holds it. */
interface Live {
  readonly path: Path | undefined;
  readonly row: number;
}

/** A continuation of a live hypothesis. */
interface Candidate {
  readonly from: Live;
  readonly id: number;
  readonly logProbability: number;
}

/**
 * The K best hypotheses of each item, best first.
 * @throws ArgumentError unless beam and maxLength are positive integers and alpha is finite and at least 0
 */
export function beamSearch<State>(model: StepModel<State>, options: BeamSearchOptions): Hypothesis[][] {
  const { beam, maxLength, lengthPenalty = { kind: 'none' } } = options;
  if (!(Number.isInteger(beam) && beam > 0)) {
    throw new ArgumentError(`beamSearch: beam must be a positive integer, got ${beam}`);
  }
  const limits = limitsOf('beamSearch', maxLength, model.items);
  const penalty = penaltyOf(lengthPenalty);
  const finished: Hypothesis[][] = Array.from({ length: model.items }, () => []);
  let live: Live[][] = finished.map((_, item) => [{ path: undefined, row: item }]);
  if (model.items === 0) return finished;
  let state = model.start();
  let itemsOfRows = live.map((_, item) => item);
  let previous: Int32Array = new Int32Array(model.items).fill(model.startId);
  try {
    for (let length = 1; ; length++) {
      const next = model.step(state, previous);
      model.release(state, next.state);
      state = next.state;
      const sourceLength = next.attention.length / previous.length;
      const parents: number[] = [];
      const ids: number[] = [];
      const items: number[] = [];
      live = live.map((hypotheses, item) => {
        const candidates = bestCandidates(hypotheses, next.logProbabilities, model.vocabulary, 2 * beam);
        const survivors: { path: Path; parentRow: number }[] = [];
        candidates.forEach((candidate, rank) => {
          const { from, id, logProbability } = candidate;
          const attention = next.attention.subarray(from.row * sourceLength, (from.row + 1) * sourceLength);
          const path: Path = { parent: from.path, id, length, logProbability, attention };
          if (id === model.endId) {
            if (rank < beam) finished[item]!.push(toHypothesis(path, true, penalty));
          } else if (survivors.length < beam) {
            survivors.push({ path, parentRow: from.row });
          }
        });
        const limit = limits[item]!;
        const paths = survivors.map(({ path }) => path);
        if (length < limit && isDecided(finished[item]!, paths, beam, penalty(limit))) return [];
        if (length === limit) {
          for (const path of paths) finished[item]!.push(toHypothesis(path, false, penalty));
          return [];
        }
        return survivors.map(({ path, parentRow }) => {
          parents.push(parentRow);
          ids.push(path.id);
          items.push(item);
          return { path, row: parents.length - 1 };
        });
      });
      if (parents.length === 0) break;
      const itemsChanged =
        items.length !== itemsOfRows.length || items.some((item, row) => item !== itemsOfRows[row]);
      const selected = model.select(state, Int32Array.from(parents), itemsChanged);
      model.release(state, selected);
      state = selected;
      itemsOfRows = items;
      previous = Int32Array.from(ids);
    }
  } finally {
    model.release(state);
  }
  return finished.map((hypotheses) => hypotheses.sort((a, b) => b.score - a.score).slice(0, beam));
}

/** The `count` most probable continuations, best first; equal ones in the order of hypotheses and ids. */
function bestCandidates(
  hypotheses: readonly Live[],
  logProbabilities: Float32Array,
  vocabulary: number,
  count: number,
): Candidate[] {
  const best: Candidate[] = [];
  for (const from of hypotheses) {
    const before = from.path?.logProbability ?? 0;
    for (let id = 0; id < vocabulary; id++) {
      const logProbability = before + logProbabilities[from.row * vocabulary + id]!;
      if (best.length === count && logProbability <= best[count - 1]!.logProbability) continue;
      if (logProbability === Number.NEGATIVE_INFINITY) continue;
      let place = best.length;
      while (place > 0 && best[place - 1]!.logProbability < logProbability) place--;
      best.splice(place, 0, { from, id, logProbability });
      if (best.length > count) best.pop();
    }
  }
  return best;
}

/** Whether no live hypothesis can still enter the K best: log-probabilities only fall, and the penalty is largest at the end. */
function isDecided(
  finished: readonly Hypothesis[],
  live: readonly Path[],
  beam: number,
  largestPenalty: number,
): boolean {
  if (finished.length < beam) return false;
  const bound = Math.max(...live.map(({ logProbability }) => logProbability)) / largestPenalty;
  const scores = finished.map(({ score }) => score).sort((a, b) => b - a);
  return scores[beam - 1]! >= bound;
}

function toHypothesis(path: Path, ended: boolean, penalty: (length: number) => number): Hypothesis {
  const ids: number[] = [];
  const attention: Float32Array[] = [];
  for (let each: Path | undefined = path; each; each = each.parent) {
    if (!(ended && each === path)) ids.push(each.id);
    attention.push(each.attention);
  }
  const { logProbability, length } = path;
  return {
    ids: ids.reverse(),
    logProbability,
    score: logProbability / penalty(length),
    attention: attention.reverse(),
    ended,
  };
}

function penaltyOf(lengthPenalty: LengthPenalty): (length: number) => number {
  if (lengthPenalty.kind === 'none') return () => 1;
  const { kind, alpha } = lengthPenalty;
  if (!(Number.isFinite(alpha) && alpha >= 0)) {
    throw new ArgumentError(`beamSearch: lengthPenalty.alpha must be finite and at least 0, got ${alpha}`);
  }
  switch (kind) {
    case 'gnmt':
      return (length) => ((5 + length) / 6) ** alpha;
    case 'power':
      return (length) => length ** alpha;
    default:
      throw new ArgumentError(`beamSearch: unknown lengthPenalty ${String(kind satisfies never)}`);
  }
}
