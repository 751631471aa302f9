/** The trial with kernels and a clock of its own. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { InferenceKernels } from '../../src/runtime/abi.ts';
import {
  candidates,
  isTimed,
  type MicroKernel,
  microKernels,
  onTrial,
} from '../../src/runtime/microKernel.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

type Product = Parameters<InferenceKernels['f32_matmul']>;
/** Arguments of a product [M, N] of depth K. */
const product = (M: number, N: number, K: number): Product => [8, 16, 24, 0, M, N, K, K, N, 0, 0];
const LARGE = product(64, 128, 128);
const SMALL = product(8, 64, 64);
const ONE_ROW = product(1, 1024, 1024);

/**
 * Kernels that each take their time, in milliseconds, for a large product.
 * @param tick what the clock advances by at once
 */
function trial(
  times: Readonly<Record<MicroKernel, number>>,
  { tick = 0, tried = microKernels }: { tick?: number; tried?: readonly MicroKernel[] } = {},
) {
  let time = 1000;
  const clock = vi
    .spyOn(performance, 'now')
    .mockImplementation(() => (tick ? Math.floor(time / tick) * tick : time));
  const calls: { kernel: MicroKernel; values: number[] }[] = [];
  const kernelsOf = (kernel: MicroKernel): InferenceKernels =>
    ({
      abi_version: () => 7,
      f32_matmul: (...values: number[]) => {
        calls.push({ kernel, values });
        time += times[kernel] * ((values[4]! * values[5]! * values[6]!) / (64 * 128 * 128));
      },
    }) as unknown as InferenceKernels;
  const instances = { loads: kernelsOf('loads'), shuffles: kernelsOf('shuffles'), steps: kernelsOf('steps') };
  const settled: MicroKernel[] = [];
  const kernels = onTrial(instances, tried, (best) => settled.push(best));
  /** Large products until the trial ends. @returns how many */
  const untilSettled = (limit = 100_000): number => {
    let products = 0;
    for (; settled.length === 0 && products < limit; products++) kernels.f32_matmul(...LARGE);
    return products;
  };
  return {
    kernels,
    calls,
    settled,
    untilSettled,
    clock,
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

describe('what is timed', () => {
  it.each([
    [product(4, 512, 256), true],
    [product(4, 512, 255), false],
    [product(3, 1024, 1024), false],
    [product(2 ** 19, 1, 1), true],
    [product(0, 1024, 1024), false],
    [product(1024, 1024, 0), false],
  ])('%j: %j', (values, timed) => {
    const [M, N, K] = values.slice(4) as [number, number, number];
    expect(isTimed(M, N, K)).toBe(timed);
  });
});

describe('the candidates', () => {
  it.each([
    ['relaxed', ['loads', 'shuffles']],
    ['simd', microKernels],
    [undefined, microKernels],
  ] as const)('of %s are %j', (variant, expected) => expect(candidates(variant)).toEqual(expected));
});

describe('the fastest is taken', () => {
  const cases = microKernels.flatMap((best) =>
    [0, 0.1, 1, 16].map((tick) => ({
      best,
      tick,
      times: { loads: 0.3, shuffles: 0.3, steps: 0.3, [best]: 0.2 },
    })),
  );
  it.each(cases)('$best, by a clock of $tick ms', ({ best, tick, times }) => {
    const { settled, untilSettled } = trial(times, { tick });
    untilSettled();
    expect(settled).toEqual([best]);
  });

  it('also where other work passes the time between products', () => {
    for (const tick of [0, 1]) {
      const { kernels, settled, pass } = trial({ loads: 0.4, shuffles: 0.25, steps: 0.4 }, { tick });
      for (let i = 0; settled.length === 0 && i < 10_000; i++) {
        pass((i * 0.37) % 3);
        kernels.f32_matmul(...LARGE);
      }
      expect(settled).toEqual(['shuffles']);
    }
  });

  it('by its best sample: one that was interrupted, or not optimised yet, does not count', () => {
    const { kernels, settled, clock } = trial({ loads: 0.3, shuffles: 0.2, steps: 0.3 });
    for (let i = 0; settled.length === 0 && i < 10_000; i++) {
      const disturbed = i < 40 || i % 7 === 0;
      if (disturbed) clock.mockImplementationOnce(() => 0).mockImplementationOnce(() => 5);
      kernels.f32_matmul(...LARGE);
    }
    expect(settled).toEqual(['shuffles']);
  });

  it('of those that are tried alone', () => {
    const { calls, settled, untilSettled } = trial(
      { loads: 0.3, shuffles: 0.2, steps: 0.01 },
      { tried: ['loads', 'shuffles'] },
    );
    untilSettled();
    expect(settled).toEqual(['shuffles']);
    expect(new Set(calls.map(({ kernel }) => kernel))).toEqual(new Set(['loads', 'shuffles']));
  });

  it('of products of different sizes, by their multiplications', () => {
    const { kernels, settled } = trial({ loads: 0.3, shuffles: 0.3, steps: 0.2 });
    for (let i = 0; settled.length === 0 && i < 10_000; i++)
      kernels.f32_matmul(...product(64, 128, 128 << (i % 4)));
    expect(settled).toEqual(['steps']);
  });
});

describe('the trial', () => {
  it('takes little: some fifty milliseconds of products', () => {
    const { calls, untilSettled } = trial({ loads: 0.3, shuffles: 0.2, steps: 0.3 });
    untilSettled();
    const spent = calls.reduce((sum, { kernel }) => sum + (kernel === 'shuffles' ? 0.2 : 0.3), 0);
    expect(spent).toBeGreaterThan(20);
    expect(spent).toBeLessThan(100);
  });

  it('does not count small products and single rows, and computes them', () => {
    const { kernels, calls, settled } = trial({ loads: 50, shuffles: 50, steps: 50 });
    for (let i = 0; i < 20_000; i++) kernels.f32_matmul(...(i % 2 ? SMALL : ONE_ROW));
    expect([calls.length, settled]).toEqual([20_000, []]);
  });

  it('hands every product on with all its arguments, once', () => {
    const { kernels, calls } = trial({ loads: 0.3, shuffles: 0.2, steps: 0.3 });
    const values: Product = [1, 2, 3, 4, 64, 128, 128, 8, 9, 1, 5];
    for (let i = 0; i < 1000; i++) kernels.f32_matmul(...values);
    expect(calls.length).toBe(1000);
    expect(calls.every((call) => call.values.join() === values.join())).toBe(true);
  });

  it('whoever took the kernels before it ended computes with the best, timed no more', () => {
    const { kernels, calls, settled, untilSettled, clock } = trial({ loads: 0.3, shuffles: 0.3, steps: 0.2 });
    const { f32_matmul } = kernels;
    untilSettled();
    calls.length = 0;
    clock.mockClear();
    for (const values of [LARGE, SMALL, ONE_ROW]) f32_matmul(...values);
    expect(calls.map(({ kernel }) => kernel)).toEqual(['steps', 'steps', 'steps']);
    expect([settled.length, clock.mock.calls.length]).toEqual([1, 0]);
  });

  it('has the other kernels of the binary', () => {
    expect(trial({ loads: 1, shuffles: 1, steps: 1 }).kernels.abi_version()).toBe(7);
  });
});

describe('the clock', () => {
  it('that stands still: shuffles, after ten thousand products', () => {
    const { settled, untilSettled } = trial({ loads: 0, shuffles: 0, steps: 0 });
    expect(untilSettled()).toBe(10_000);
    expect(settled).toEqual(['shuffles']);
  });

  it('that stands still, and another candidate list: still one of them', () => {
    const { settled, untilSettled } = trial(
      { loads: 0, shuffles: 0, steps: 0 },
      { tried: candidates('relaxed') },
    );
    untilSettled();
    expect(settled).toEqual(['shuffles']);
  });

  it('that is missing, as in audio worklets, is that of the calendar', () => {
    const { kernels, calls, settled, clock } = trial({ loads: 0.3, shuffles: 0.2, steps: 0.3 });
    const [real, read] = [performance, clock.getMockImplementation()!];
    vi.stubGlobal('performance', undefined);
    vi.spyOn(Date, 'now').mockImplementation(() => Math.floor(read.call(real)));
    for (let i = 0; settled.length === 0 && i < 10_000; i++) kernels.f32_matmul(...LARGE);
    expect(settled).toEqual(['shuffles']);
    expect(calls.length).toBeLessThan(1000);
  });
});
