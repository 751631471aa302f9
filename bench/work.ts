/** What a kernel does in a run, and how near to the roofline it does it. */
import { type Level, levels, type Roofline } from './roofline.ts';

/** Operations and memory traffic of one run. */
export interface Work {
  readonly flops?: number;
  /** Multiplications and additions of integers. */
  readonly integer?: number;
  readonly bytes?: Traffic;
}

/**
 * Bytes that must be moved at least, each counted once however often it is used. Steps that wait for each other, as those
 * of a recurrence, move theirs anew: `passes` times (1 by default) as many as one pass reads and writes.
 */
export interface Traffic {
  readonly read: number;
  readonly written: number;
  readonly passes?: number;
}

/** A rate under a roof. */
interface Bound {
  readonly text: string;
  readonly roof: string;
  readonly share: number;
}

/** The rate that is nearest to its roof: `'48.1 GFLOP/s (83 % of fused)'`, `'52.0 GB/s (61 % of L3)'`. */
export function describeWork(
  { flops, integer, bytes }: Work,
  seconds: number,
  roofline: Roofline,
  variant: string | undefined,
): string {
  const bounds: Bound[] = [];
  if (flops !== undefined) bounds.push(arithmetic(flops, seconds, roofline, variant));
  if (integer !== undefined) bounds.push(integerArithmetic(integer, seconds, roofline));
  if (bytes) bounds.push(traffic(bytes, seconds, roofline));
  const nearest = bounds.sort((a, b) => b.share - a.share)[0];
  return nearest ? `${nearest.text} (${(100 * nearest.share).toFixed(0)} % of ${nearest.roof})` : '';
}

function arithmetic(flops: number, seconds: number, roofline: Roofline, variant: string | undefined): Bound {
  const fused = variant === 'relaxed' ? roofline.fused : undefined;
  const gflops = flops / seconds / 1e9;
  return {
    text: `${gflops.toFixed(1)} GFLOP/s`,
    roof: fused === undefined ? 'mul+add' : 'fused',
    share: gflops / (fused ?? roofline.mulAdd),
  };
}

function integerArithmetic(operations: number, seconds: number, roofline: Roofline): Bound {
  const gops = operations / seconds / 1e9;
  return { text: `${gops.toFixed(1)} GOP/s`, roof: 'dot', share: gops / roofline.dot };
}

function traffic({ read, written, passes = 1 }: Traffic, seconds: number, roofline: Roofline): Bound {
  const total = read + written;
  const level = levelOf(total);
  // What is written is read from somewhere in a copy: the copy's roof holds for twice that, the read's for the rest.
  const copied = Math.min(total, 2 * written);
  const shortest = copied / roofline.copy[level] + (total - copied) / roofline.read[level];
  return {
    text: `${((passes * total) / seconds / 1e9).toFixed(1)} GB/s`,
    roof: level,
    share: (passes * shortest) / 1e9 / seconds,
  };
}

/** The first level that holds as much: a kernel that runs again and again finds its data there. */
function levelOf(bytes: number): Level {
  const fits = (level: Level): boolean => bytes <= 2 * levels[level];
  return (['L1', 'L2', 'L3'] as const).find(fits) ?? 'memory';
}
