/** Measures a case: every engine's result is checked first, then they take turns, A B C A B C. */
import { setTimeout } from 'node:timers/promises';
import type { Peak } from '../roofline.ts';
import { type Case, type Contender, failed, type Prepared, type Row } from './case.ts';

/** V8 compiles what is hot in the background: by then it has. */
const WARM_UP_MS = 400;
const WARM_UP_CALLS = 4;
/** Shorter runs are repeated within one sample, so that the clock's steps do not count. */
const SAMPLE_MS = 2;
/** A sample in which the process had the processor for a smaller share of the time tells what else ran: it is retaken. */
const OWN_SHARE = 0.9;
/** So often at most, and not beyond so many milliseconds: long samples on a busy machine are never left alone. */
const ATTEMPTS = 20;
const ATTEMPTS_MS = 100;
/** Longer than thread pools spin after their work: onnxruntime-web for 25 ms, onnxruntime-node for 30. */
const REST_MS = 100;

/** The register-only loops that rates are held against. */
export interface Peaks {
  readonly mulAdd: Peak;
  readonly fused: Peak | undefined;
}

interface Ready {
  readonly contender: Contender;
  readonly prepared: Prepared;
  readonly result: ArrayLike<number>;
  callsPerSample: number;
  readonly samples: number[];
}

interface Timed {
  readonly milliseconds: number;
  readonly ownShare: number;
}

/** One row for each peer; a peer that fails, or all when heed does, gets a row that says why. */
export async function measure(each: Case, peaks: Peaks, rounds: number): Promise<Row[]> {
  const expected = each.expected?.();
  const failures: Row[] = [];
  const ready: Ready[] = [];
  try {
    for (const contender of [each.heed, ...each.peers]) {
      try {
        ready.push(await prepare(contender, expected ?? ready[0]?.result, each.tolerance));
      } catch (error) {
        if (contender === each.heed) return each.peers.map((peer) => failed(each.name, peer, error));
        failures.push(failed(each.name, contender, error));
      }
    }
    const peak = each.roof === 'mulAdd' ? peaks.mulAdd : (peaks.fused ?? peaks.mulAdd);
    const roofs: number[] = [];
    for (const each of ready) await warmUp(each);
    for (let round = 0; round < rounds; round++) {
      for (const engine of ready) {
        if (each.threaded) await comeToRest(engine);
        engine.samples.push(await sample(engine));
      }
      if (each.flops !== undefined && each.roof !== 'none') roofs.push(peak.gflops());
    }
    const [heed, ...peers] = ready as [Ready, ...Ready[]];
    return [...peers.map((peer) => toRow(each, heed, peer, roofs)), ...failures];
  } finally {
    for (const { prepared } of ready) await prepared.dispose?.();
  }
}

async function prepare(
  contender: Contender,
  expected: ArrayLike<number> | undefined,
  tolerance: number,
): Promise<Ready> {
  const prepared = await contender.prepare();
  const raw = await prepared.run();
  const result = Float64Array.from(prepared.arrange?.(raw) ?? raw);
  if (expected) {
    const difference = largestDifference(result, expected);
    if (!(difference <= tolerance)) {
      await prepared.dispose?.();
      throw new Error(`${contender.engine}: off by ${difference}, at most ${tolerance} is allowed`);
    }
  }
  return { contender, prepared, result, callsPerSample: 1, samples: [] };
}

/** NaN where anything is not a number. @throws when the lengths differ */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`results have ${a.length} and ${b.length} elements`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = difference;
    if (Number.isNaN(difference)) return difference;
  }
  return largest;
}

async function warmUp(ready: Ready): Promise<void> {
  const start = performance.now();
  let calls = 0;
  while (calls < WARM_UP_CALLS || performance.now() - start < WARM_UP_MS) {
    await sample(ready);
    calls++;
  }
  // The last ones are warm.
  const fastest = Math.min(await sample(ready), await sample(ready), await sample(ready));
  ready.callsPerSample = Math.max(1, Math.ceil(SAMPLE_MS / fastest));
}

/** Waits until no thread spins, and wakes the engine's own. */
async function comeToRest({ prepared }: Ready): Promise<void> {
  await setTimeout(REST_MS);
  await prepared.run();
}

/** Milliseconds of one run, from the attempt that was interrupted least. */
async function sample(ready: Ready): Promise<number> {
  let best: Timed = { milliseconds: Number.NaN, ownShare: -1 };
  const start = performance.now();
  for (let attempt = 0; attempt < ATTEMPTS && best.ownShare < OWN_SHARE; attempt++) {
    const timed = await time(ready);
    if (timed.ownShare > best.ownShare) best = timed;
    if (performance.now() - start > ATTEMPTS_MS) break;
  }
  return best.milliseconds;
}

/** Wall-clock milliseconds of one run, and the share of them in which this process computed. */
async function time({ prepared, callsPerSample }: Ready): Promise<Timed> {
  const before = process.cpuUsage();
  const start = performance.now();
  for (let call = 0; call < callsPerSample; call++) {
    const result = prepared.run();
    // What is there already need not be awaited.
    if (result instanceof Promise) await result;
  }
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { milliseconds: elapsed / callsPerSample, ownShare: (user + system) / 1000 / elapsed };
}

function toRow(each: Case, heed: Ready, peer: Ready, roofs: readonly number[]): Row {
  const [medianMs, heedMedianMs] = [median(peer.samples), median(heed.samples)];
  const heedGflops = each.flops === undefined ? null : each.flops / heedMedianMs / 1e6;
  return {
    case: each.name,
    engine: peer.contender.engine,
    version: peer.contender.version,
    medianMs,
    heedMedianMs,
    heedGflops,
    speedUp: medianMs / heedMedianMs,
    maxDifference: largestDifference(heed.result, peer.result),
    roofline: heedGflops === null || roofs.length === 0 ? null : heedGflops / median(roofs),
    ...(each.note === undefined ? {} : { note: each.note }),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
