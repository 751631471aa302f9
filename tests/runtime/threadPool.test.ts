/** The pool with a real binary: shares that are done twice, or not at all, would show in sums. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import threadSource from '../../build/thread.js';
import { createMemory, importingSharedMemory } from '../../src/runtime/linearMemory.ts';
import { ThreadPool } from '../../src/runtime/threads.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { binary } from './binaries.ts';

const BASE = 131_072;
const LENGTH = 3000;
const MICRO_KERNELS = 3;

describe.each([2, 3, 5])('a pool of %i threads', (threads) => {
  const memory = createMemory(undefined, true);
  const floats = new Float32Array(memory.buffer, BASE, LENGTH + 100);
  let pool: ThreadPool;

  beforeAll(async () => {
    const module = new WebAssembly.Module(importingSharedMemory(binary('simd')));
    const started = await ThreadPool.start(threadSource, module, memory, MICRO_KERNELS, threads);
    if (!started) throw new Error('this engine has no threads');
    pool = started;
  });
  afterAll(() => pool.dispose());

  /** out += scale over `length` floats from the base on. */
  function addOne(length: number, share: number, microKernel = 0): void {
    const ones = BASE + 4 * (LENGTH + 100);
    const cut = { argument: 2, share, advance: { 0: 4, 1: 4 } };
    pool.run('f32_add_scaled', microKernel, [BASE, ones, length, 1], cut);
  }

  it('has its size', () => expect(pool.size).toBe(threads));

  it('has all its threads work, each on its own scratch memory', () => {
    const seen = new Set<number>();
    const until = performance.now() + 10_000;
    while (seen.size < threads && performance.now() < until) {
      // The value that is written advances from thread to thread.
      const cut = { argument: 1, share: 10, advance: { 0: 4 }, perThread: { 2: 1 } };
      pool.run('f32_fill', 0, [BASE, LENGTH, 0], cut);
      for (const thread of floats.subarray(0, LENGTH)) seen.add(thread);
    }
    expect([...seen].sort()).toEqual([...Array(threads).keys()]);
  });

  it('does every share of 6000 jobs once, of all sizes, at once and after pauses', async () => {
    const random = seededRandom(testSeed());
    new Float32Array(memory.buffer, BASE + 4 * (LENGTH + 100), LENGTH).fill(1);
    floats.fill(0);
    const expected = new Float32Array(floats.length);
    for (let job = 0; job < 6000; job++) {
      const length = random.integer(1, job % 3 === 0 ? 10 : LENGTH);
      addOne(length, random.integer(1, Math.ceil(length / 3)), job % MICRO_KERNELS);
      for (let i = 0; i < length; i++) expected[i]! += 1;
      // Longer than threads look for work: they sleep, and must be woken.
      if (job % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(floats).toEqual(expected);
  });

  it('sees what the owner wrote before each job, and shows what threads wrote after it', () => {
    const input = new Float32Array(memory.buffer, BASE + 4 * (LENGTH + 100), LENGTH);
    for (let job = 0; job < 2000; job++) {
      input[job % LENGTH] = job + 0.5;
      const cut = { argument: 2, share: 16, advance: { 0: 4, 1: 4 } };
      pool.run('f32_scale', 0, [BASE, BASE + 4 * (LENGTH + 100), LENGTH, 2], cut);
      expect(floats[job % LENGTH]).toBe(2 * job + 1);
    }
  });

  it('tells when a share failed, and goes on working', () => {
    const outside = memory.buffer.byteLength - 4 * 8;
    const fill = (pointer: number, length: number): void =>
      pool.run('f32_fill', 0, [pointer, length, 7], { argument: 1, share: 8, advance: { 0: 4 } });
    for (let round = 0; round < 50; round++) {
      // Of eight shares, only the first lies within the memory.
      expect(() => fill(outside, 64)).toThrow(new Error('f32_fill: failed in a thread'));
      floats.fill(round);
      fill(BASE, LENGTH);
      expect(floats.subarray(0, LENGTH).every((value) => value === 7)).toBe(true);
      expect(floats[LENGTH]).toBe(round);
    }
  });
});

it('a pool of a module that it cannot instantiate is none, and is so soon', async () => {
  const before = performance.now();
  const module = new WebAssembly.Module(binary('simd'));
  const pool = await ThreadPool.start(threadSource, module, createMemory(undefined, true), MICRO_KERNELS, 3);
  expect(pool).toBeUndefined();
  expect(performance.now() - before).toBeLessThan(5000);
});

it.each(['throw new Error("no")', 'process.exit(0)', 'this is not a program'])(
  'a pool whose threads run `%s` is none, and is so soon',
  async (source) => {
    const before = performance.now();
    const module = new WebAssembly.Module(importingSharedMemory(binary('simd')));
    const pool = await ThreadPool.start(source, module, createMemory(undefined, true), MICRO_KERNELS, 3);
    expect(pool).toBeUndefined();
    expect(performance.now() - before).toBeLessThan(5000);
  },
);
