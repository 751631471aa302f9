/** The bench's cases of our own kernels: each is right, and says what it does. */
import { afterAll, describe, expect, it } from 'vitest';
import { kernelSuites } from '../../bench/kernels/index.ts';
import { expectClose } from '../../bench/kernels/verify.ts';
import type { Roofline } from '../../bench/roofline.ts';
import { voiceActivityCases } from '../../bench/voiceActivity.ts';
import { describeWork } from '../../bench/work.ts';
import { createRuntime } from '../../src/runtime/load.ts';

const runtime = await createRuntime();
afterAll(() => runtime.dispose());
const suites = Object.entries({ ...kernelSuites, 'voice-activity': voiceActivityCases }).map(
  ([name, create]) => ({ name, cases: create(runtime) }),
);

it('names no case of a suite twice: results are found by name', () => {
  for (const { cases } of suites) {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  }
});

/** With memory so fast that arithmetic is the nearer roof wherever there is any. */
const fast = { L1: 1e9, L2: 1e9, L3: 1e9, memory: 1e9 };
const roofline: Roofline = { mulAdd: 1, fused: 1, dot: 1, read: fast, copy: fast };
const memoryBound = ['softmax', 'elementwise', 'norm', 'reduce', 'rotary'];

describe.each(suites)('$name', ({ name: suite, cases }) => {
  const unit = memoryBound.includes(suite) ? /GB\/s/ : /GFLOP\/s|GOP\/s/;

  it.each(cases)('$name', (each) => {
    expect(() => each.verify()).not.toThrow();
    const used = runtime.memory.usedBytes;
    each.run();
    expect(runtime.memory.usedBytes).toBe(used);
    const { bytes } = each.work!;
    expect(bytes!.read).toBeGreaterThan(0);
    expect(bytes!.written).toBeGreaterThan(0);
    expect(describeWork(each.work!, 1e-3, roofline, 'simd')).toMatch(unit);
  });
});

describe('expectClose', () => {
  it.each([
    ['an element too far off', [1, 2 + 2 ** -22], 1, /element 1/],
    ['NaN', [1, Number.NaN], 1e9, /element 1 is NaN/],
    ['another number of elements', [1], 1, /1 elements, expected 2/],
    ['what exceeds its own bound alone', [1 + 2 ** -22, 2], [1, 9], /element 0/],
  ])('refuses %s', (_, actual, error, message) => {
    expect(() => expectClose('case', actual, [1, 2], error)).toThrow(message);
  });

  it('accepts what is within its bound', () => {
    expect(() => expectClose('case', [1 + 2 ** -23, 2], [1, 2], [2, 0])).not.toThrow();
  });
});
