/** The comparison with the peers, without the peers: what it measures, what it refuses, and the README's table. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Case, Contender, Row } from '../../bench/compare/case.ts';
import { largestDifference, measure, median, type Peaks } from '../../bench/compare/measure.ts';
import { withTable } from '../../bench/compare/table.ts';

const ROUNDS = 3;

function contender(engine: string, result: readonly number[], milliseconds = 0): Contender {
  return {
    engine,
    version: '1.0.0',
    prepare: () => ({
      run() {
        const end = performance.now() + milliseconds;
        while (performance.now() < end);
        return Float32Array.from(result);
      },
    }),
  };
}

const broken: Contender = {
  engine: 'broken',
  version: '1.0.0',
  prepare: () => Promise.reject(new Error('does not start')),
};
/** A roof of 10 GFLOP/s. */
const peaks = { mulAdd: { gflops: () => 10 }, fused: undefined } as unknown as Peaks;

function caseOf(heed: Contender, ...peers: Contender[]): Case {
  return { name: 'matmul 1x2x3', tolerance: 0.1, expected: () => [1, 2], heed, peers };
}

describe('a comparison', () => {
  it('gives the ratio of the medians and the share of the roofline', async () => {
    const heed = contender('heed', [1, 2.05], 4);
    const peers = [contender('slow', [1, 1.95], 12), contender('fast', [1, 2], 2)];
    const rows = await measure({ ...caseOf(heed, ...peers), flops: 2e7 }, peaks, ROUNDS);
    expect(rows.map(({ engine }) => engine)).toEqual(['slow', 'fast']);
    const [slow, fast] = rows as [Row, Row];
    expect(slow.error).toBeUndefined();
    expect(slow.medianMs).toBeGreaterThanOrEqual(12);
    expect(slow.heedMedianMs).toBeGreaterThanOrEqual(4);
    expect(slow.speedUp).toBe(slow.medianMs! / slow.heedMedianMs!);
    expect(slow.speedUp).toBeGreaterThan(1);
    expect(fast.speedUp).toBeLessThan(1);
    expect(slow.maxDifference).toBeCloseTo(0.1, 6);
    expect(slow.heedGflops).toBe(2e7 / slow.heedMedianMs! / 1e6);
    expect(slow.roofline).toBe(slow.heedGflops! / 10);
  });

  it.each([
    ['is off', contender('peer', [1, 2.2]), /off by 0\.2/],
    ['gives NaN', contender('peer', [1, Number.NaN]), /off by NaN/],
    ['gives another number of elements', contender('peer', [1]), /1 and 2 elements/],
    ['does not start', broken, /does not start/],
  ])('has an error instead of numbers for an engine that %s', async (_, peer, message) => {
    const [row] = await measure(caseOf(contender('heed', [1, 2]), peer), peaks, ROUNDS);
    expect(row).toMatchObject({ engine: peer.engine, medianMs: null, speedUp: null, maxDifference: null });
    expect(row!.error).toMatch(message);
  });

  it('has only errors when heed is wrong', async () => {
    const rows = await measure(caseOf(contender('heed', [1, 3]), contender('peer', [1, 2])), peaks, ROUNDS);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ engine: 'peer', medianMs: null, heedMedianMs: null });
    expect(rows[0]!.error).toMatch(/heed: off by 1/);
  });

  it('holds the engines against heed where nothing else is expected', async () => {
    const { expected: _, ...rest } = caseOf(contender('heed', [5]), contender('peer', [5.1999]));
    expect((await measure(rest, peaks, ROUNDS))[0]!.error).toMatch(/^peer: off by 0\.19/);
  });
});

it('medians and differences', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(largestDifference([1, 2, 3], [1, 4, 2])).toBe(2);
  expect(largestDifference([1, Number.NaN, 3], [1, 2, 9])).toBeNaN();
});

describe('the README', () => {
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const results: Row[] = JSON.parse(read('bench/compare/results.json'));

  it('shows the committed results', () => {
    expect(results.length).toBeGreaterThan(0);
    expect(withTable(read('README.md'), results)).toBe(read('README.md'));
  });

  it('does not when they differ', () => {
    const changed = results.map((row) => ({ ...row, heedMedianMs: 12_345 }));
    expect(withTable(read('README.md'), changed)).not.toBe(read('README.md'));
  });
});
