/** Rates of our own bench: which roof a kernel is under, and its share. */
import { expect, it } from 'vitest';
import type { Roofline } from '../../bench/roofline.ts';
import { describeWork } from '../../bench/work.ts';

const roofline: Roofline = {
  mulAdd: 40,
  fused: 80,
  dot: 200,
  read: { L1: 100, L2: 50, L3: 25, memory: 10 },
  copy: { L1: 60, L2: 40, L3: 20, memory: 8 },
};

it('holds arithmetic against the roof of the variant', () => {
  const work = { flops: 2e9 };
  expect(describeWork(work, 0.1, roofline, 'simd')).toBe('20.0 GFLOP/s (50 % of mul+add)');
  expect(describeWork(work, 0.1, roofline, 'relaxed')).toBe('20.0 GFLOP/s (25 % of fused)');
  expect(describeWork(work, 0.1, { ...roofline, fused: undefined }, 'relaxed')).toMatch(/mul\+add/);
});

it('holds traffic against the level that its bytes fit in', () => {
  const read = (bytes: number, seconds: number): string =>
    describeWork({ bytes: { read: bytes, written: 0 } }, seconds, roofline, 'simd');
  expect(read(32_768, 32_768 / 50e9)).toBe('50.0 GB/s (50 % of L1)');
  expect(read(32_769, 32_769 / 50e9)).toBe('50.0 GB/s (100 % of L2)');
  expect(read(2 ** 20 + 1, (2 ** 20 + 1) / 5e9)).toBe('5.0 GB/s (20 % of L3)');
  expect(read(1e9, 1)).toBe('1.0 GB/s (10 % of memory)');
});

it('counts what is written as copied, and the rest as read', () => {
  // 8 GB copied at 8 GB/s and 10 GB read at 10 GB/s take two seconds at least.
  const bytes = { read: 14e9, written: 4e9 };
  expect(describeWork({ bytes }, 4, roofline, 'simd')).toBe('4.5 GB/s (50 % of memory)');
});

it('holds operations on integers against the roof of their products', () => {
  expect(describeWork({ integer: 2e9 }, 0.02, roofline, 'relaxed')).toBe('100.0 GOP/s (50 % of dot)');
});

it('finds the level of what one pass moves, however many there are', () => {
  const bytes = { read: 2 ** 20, written: 0, passes: 100 };
  expect(describeWork({ bytes }, (100 * 2 ** 20) / 25e9, roofline, 'simd')).toBe('25.0 GB/s (50 % of L2)');
});

it('shows the roof that is nearer', () => {
  const bytes = { read: 10_000, written: 0 };
  const seconds = 1e-6; // 10 GB/s: 10 % of L1
  expect(describeWork({ bytes, flops: 2000 }, seconds, roofline, 'simd')).toMatch(/^10\.0 GB\/s/);
  expect(describeWork({ bytes, flops: 20_000 }, seconds, roofline, 'simd')).toMatch(/^20\.0 GFLOP\/s/);
});
