import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../../src/errors.ts';
import type { Storage } from '../../src/memory/arena.ts';
import { testSeed } from '../support/random.ts';
import { arenaOf, expectDisjoint, PAGE } from './arenas.ts';

describe('any sequence of requests and releases', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ allocate: fc.integer({ min: 0, max: 400 }) }) },
    { weight: 2, arbitrary: fc.record({ allocate: fc.integer({ min: 400, max: 40_000 }) }) },
    { weight: 4, arbitrary: fc.record({ release: fc.nat() }) },
  );

  it('live blocks never overlap, lie in the memory, keep what was written, and add up to usedBytes', () => {
    const seed = testSeed();
    const base = 1000;
    const maxBytes = 2 * PAGE;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
        const arena = arenaOf({ base, maxBytes });
        const live: { block: Storage; mark: number }[] = [];
        steps.forEach((each, mark) => {
          if ('release' in each) {
            const [gone] = live.splice(each.release % Math.max(1, live.length), 1);
            gone?.block.dispose();
            return;
          }
          const before = arena.usedBytes;
          let block: Storage;
          try {
            block = arena.allocate(each.allocate);
          } catch (error) {
            expect(error).toBeInstanceOf(OutOfMemoryError);
            expect(arena.usedBytes).toBe(before);
            return;
          }
          expect(block.bytes).toBeGreaterThanOrEqual(each.allocate);
          expect(block.pointer % 16).toBe(0);
          expect(block.pointer).toBeGreaterThanOrEqual(base);
          expect(block.pointer + block.bytes).toBeLessThanOrEqual(Math.min(arena.capacityBytes, maxBytes));
          arena.integers.fill(mark, block.pointer / 4, (block.pointer + block.bytes) / 4);
          live.push({ block, mark });
        });
        expectDisjoint(live.map(({ block }) => block));
        expect(arena.usedBytes).toBe(live.reduce((sum, { block }) => sum + block.bytes, 0));
        for (const { block, mark } of live) {
          const words = arena.integers.subarray(block.pointer / 4, (block.pointer + block.bytes) / 4);
          expect(words.every((word) => word === mark)).toBe(true);
        }
      }),
      { seed, numRuns: 200 },
    );
  });
});
