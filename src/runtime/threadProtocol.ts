/**
 * How threads share a job. A job is one kernel call cut into shares: consecutive ranges of one of its sizes (rows of a
 * product, heads of an attention). Whoever is awake takes the next share; nobody waits for a thread that sleeps.
 *
 * `Left` counts the shares not yet taken. Taking one is decrementing it: the value before was its number plus one, or
 * was not positive when there is none. The pool writes a job only while `Left` is not positive, that is while nobody
 * can take a share, and publishes it by storing `Left`. `Pending` counts the shares not yet finished; the pool leaves
 * the job when it is zero. `Jobs` counts jobs, for sleepers to wait on.
 */

/** The most arguments that a kernel has. */
const ARGUMENTS = 32;

/** Indices into `Job.words`. */
export const Word = {
  Left: 0,
  Pending: 1,
  Jobs: 2,
  Stop: 3,
  /** Shares whose kernel trapped. */
  Failed: 4,
  /** Index of the kernel among the module's exports. */
  Kernel: 5,
  MicroKernel: 6,
  Arguments: 7,
  /** Index of the argument that is cut. */
  Cut: 8,
  Total: 9,
  Share: 10,
  /** Threads that sleep. */
  Asleep: 11,
} as const;

const WORDS = 16;

/** A job as all threads see it. */
export interface Job {
  /** By `Word`. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** The first share's arguments, then what each advances by from share to share, then from thread to thread. */
  readonly numbers: Float64Array<SharedArrayBuffer>;
}

export type Kernel = (...values: number[]) => unknown;

/** One call, cut. */
export interface Cut {
  /** Index of the argument, a size, that is cut. */
  readonly argument: number;
  /** How much of it a share has; the last may have less. */
  readonly share: number;
  /** By index: what an argument (a pointer) advances by for each unit of the size, in its own units. */
  readonly advance: Readonly<Record<number, number>>;
  /** By index: what an argument (a pointer to scratch memory) advances by from thread to thread. */
  readonly perThread?: Readonly<Record<number, number>>;
}

export function createJob(): Job {
  return {
    words: new Int32Array(new SharedArrayBuffer(4 * WORDS)),
    numbers: new Float64Array(new SharedArrayBuffer(8 * 3 * ARGUMENTS)),
  };
}

/** Writes and publishes a job. Only when the one before is finished. @returns the number of its shares */
export function publish(
  { words, numbers }: Job,
  kernel: number,
  microKernel: number,
  values: readonly number[],
  { argument, share, advance, perThread }: Cut,
): number {
  const total = values[argument]!;
  const shares = Math.ceil(total / share);
  words[Word.Kernel] = kernel;
  words[Word.MicroKernel] = microKernel;
  words[Word.Arguments] = values.length;
  words[Word.Cut] = argument;
  words[Word.Total] = total;
  words[Word.Share] = share;
  for (let i = 0; i < values.length; i++) {
    numbers[i] = values[i]!;
    numbers[ARGUMENTS + i] = (advance[i] ?? 0) * share;
    numbers[2 * ARGUMENTS + i] = perThread?.[i] ?? 0;
  }
  Atomics.store(words, Word.Pending, shares);
  Atomics.store(words, Word.Left, shares);
  return shares;
}

/**
 * Works off shares until none is left.
 * @param kernels by micro-kernel, the module's functions in the order of its exports
 * @param thread 0 for the pool's owner
 */
export function workLeft(
  { words, numbers }: Job,
  kernels: readonly (readonly Kernel[])[],
  thread: number,
): void {
  for (;;) {
    const share = Atomics.sub(words, Word.Left, 1) - 1;
    if (share < 0) return;
    try {
      const values = Array.from(
        { length: words[Word.Arguments]! },
        (_, i) => numbers[i]! + share * numbers[ARGUMENTS + i]! + thread * numbers[2 * ARGUMENTS + i]!,
      );
      values[words[Word.Cut]!] = Math.min(
        words[Word.Share]!,
        words[Word.Total]! - share * words[Word.Share]!,
      );
      kernels[words[Word.MicroKernel]!]![words[Word.Kernel]!]!(...values);
    } catch {
      Atomics.add(words, Word.Failed, 1);
    }
    if (Atomics.sub(words, Word.Pending, 1) === 1) Atomics.notify(words, Word.Pending);
  }
}

/** A module's functions under one micro-kernel, in the order of its exports: the same in every thread. */
export function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  microKernel: number,
): readonly Kernel[] {
  const { exports } = new WebAssembly.Instance(module, { env: { memory, microKernel } });
  return kernelNames(module).map((name) => exports[name] as Kernel);
}

export function kernelNames(module: WebAssembly.Module): string[] {
  return WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === 'function')
    .map(({ name }) => name);
}
