import { describe, expect, it } from 'vitest';
import {
  type Cut,
  createJob,
  type Kernel,
  publish,
  Word,
  workLeft,
} from '../../src/runtime/threadProtocol.ts';

/** Cuts argument 1, which argument 0 advances with. */
const cut = (share: number, perThread?: Cut['perThread']): Cut => ({
  argument: 1,
  share,
  advance: { 0: 4 },
  perThread,
});
/** The calls of a kernel, number 2 of micro-kernel 1, and a table that holds it. */
function recorder(during: (...values: number[]) => void = () => {}) {
  const calls: number[][] = [];
  const wrong: Kernel = () => expect.fail('another kernel was called');
  const kernel: Kernel = (...values) => {
    calls.push(values);
    during(...values);
  };
  return {
    calls,
    kernels: [
      [wrong, wrong, wrong],
      [wrong, wrong, kernel],
    ],
  };
}

describe('a job', () => {
  it.each([
    [10, 5, [5, 5]],
    [11, 5, [5, 5, 1]],
    [4, 5, [4]],
    [1, 1, [1]],
    [7, 1, [1, 1, 1, 1, 1, 1, 1]],
  ])('of %i in shares of %i is cut into %j', (total, share, sizes) => {
    const job = createJob();
    const { calls, kernels } = recorder();
    expect(publish(job, 2, 1, [1000, total, 0.5], cut(share))).toBe(sizes.length);
    workLeft(job, kernels, 0);
    calls.sort((a, b) => a[0]! - b[0]!);
    expect(calls).toEqual(sizes.map((size, i) => [1000 + 4 * share * i, size, 0.5]));
    expect(Atomics.load(job.words, Word.Pending)).toBe(0);
    expect(Atomics.load(job.words, Word.Failed)).toBe(0);
  });

  it('of nothing is over at once', () => {
    const job = createJob();
    const { calls, kernels } = recorder();
    expect(publish(job, 2, 1, [1000, 0], cut(5))).toBe(0);
    workLeft(job, kernels, 0);
    expect([calls, Atomics.load(job.words, Word.Pending)]).toEqual([[], 0]);
  });

  it('keeps addresses above 2 GiB, and scalars, exact', () => {
    const job = createJob();
    const { calls, kernels } = recorder();
    publish(job, 2, 1, [2 ** 32 - 4096, 600, Math.PI, -Infinity, Number.NaN], cut(512));
    workLeft(job, kernels, 0);
    calls.sort((a, b) => a[0]! - b[0]!);
    expect(calls[0]).toEqual([2 ** 32 - 4096, 512, Math.PI, -Infinity, Number.NaN]);
    expect(calls[1]).toEqual([2 ** 32 - 2048, 88, Math.PI, -Infinity, Number.NaN]);
  });

  it('gives each thread its own scratch memory', () => {
    const job = createJob();
    for (const thread of [0, 1, 5]) {
      const { calls, kernels } = recorder();
      publish(job, 2, 1, [1000, 3, 64], cut(1, { 2: 256 }));
      workLeft(job, kernels, thread);
      expect(calls.map(([, , scratch]) => scratch)).toEqual(Array(3).fill(64 + 256 * thread));
    }
  });

  it('leaves nothing behind in one that has fewer, other arguments', () => {
    const job = createJob();
    publish(job, 2, 1, [1, 2, 3, 4, 5, 6], { ...cut(1, { 2: 8, 0: 8 }), advance: { 0: 4, 2: 4, 5: 4 } });
    workLeft(job, recorder().kernels, 1);
    const { calls, kernels } = recorder();
    publish(job, 2, 1, [10, 2, 30], { argument: 1, share: 1, advance: {} });
    workLeft(job, kernels, 1);
    expect(calls).toEqual([
      [10, 1, 30],
      [10, 1, 30],
    ]);
  });
});

describe('several threads', () => {
  /** All threads at once: within each share the next thread, too, looks for work. */
  it('take each share once, however they interleave', () => {
    for (const depth of [1, 2, 5, 20]) {
      const job = createJob();
      let nested = 0;
      const { calls, kernels } = recorder(() => {
        if (nested < depth) workLeft(job, kernels, ++nested);
      });
      publish(job, 2, 1, [0, 12, 7], cut(1));
      workLeft(job, kernels, 0);
      expect(calls.map(([pointer]) => pointer! / 4).sort((a, b) => a - b)).toEqual([...Array(12).keys()]);
      expect(Atomics.load(job.words, Word.Pending)).toBe(0);
    }
  });

  it('that come late find nothing, and take nothing from the next job', () => {
    const job = createJob();
    const { calls, kernels } = recorder();
    for (let round = 0; round < 3; round++) {
      for (let late = 0; late < 100; late++) workLeft(job, kernels, 1);
      expect(calls.splice(0)).toEqual([]);
      expect(Atomics.load(job.words, Word.Pending)).toBe(0);
      publish(job, 2, 1, [0, 5, 0], cut(2));
      workLeft(job, kernels, 0);
      expect(calls.splice(0).length).toBe(3);
    }
  });

  it('that come while the last share is being worked on find nothing, and do not finish it', () => {
    const job = createJob();
    let pending = 0;
    const { calls, kernels } = recorder(() => {
      workLeft(job, kernels, 1);
      pending = Atomics.load(job.words, Word.Pending);
    });
    publish(job, 2, 1, [0, 1, 0], cut(1));
    workLeft(job, kernels, 0);
    expect([calls.length, pending, Atomics.load(job.words, Word.Pending)]).toEqual([1, 1, 0]);
  });
});

describe('a share that fails', () => {
  it('is counted and finished; the others are worked on', () => {
    const job = createJob();
    const { calls, kernels } = recorder((pointer) => {
      if (pointer === 4 || pointer === 12) throw new WebAssembly.RuntimeError('unreachable');
    });
    publish(job, 2, 1, [0, 6, 0], cut(1));
    expect(() => workLeft(job, kernels, 0)).not.toThrow();
    expect([calls.length, Atomics.load(job.words, Word.Pending)]).toEqual([6, 0]);
    expect(Atomics.load(job.words, Word.Failed)).toBe(2);
  });

  it('because there is no such kernel is finished too', () => {
    const job = createJob();
    publish(job, 99, 0, [0, 3, 0], cut(1));
    expect(() => workLeft(job, recorder().kernels, 0)).not.toThrow();
    publish(job, 0, 9, [0, 3, 0], cut(1));
    expect(() => workLeft(job, recorder().kernels, 0)).not.toThrow();
    expect([Atomics.load(job.words, Word.Pending), Atomics.load(job.words, Word.Failed)]).toEqual([0, 6]);
  });
});
