/**
 * Which of the binary's micro-kernels multiplies fastest depends on the engine, and nothing that an engine says of
 * itself tells: without a trap handler every load carries a bounds check and shuffles win by a fifth; V8's scheduler
 * before 12 reorders long loop bodies. So the first large products are timed. All micro-kernels give the same bits.
 */
import type { InferenceKernels } from './abi.ts';
import type { Variant } from './variant.ts';

/** How full tiles of A are read: splatted by loads, by shuffles, or by loads one step at a time. */
export type MicroKernel = 'loads' | 'shuffles' | 'steps';

/** In the order of the numbers that the binaries import. */
export const microKernels: readonly MicroKernel[] = ['loads', 'shuffles', 'steps'];

/** Products of at least so many multiplications are timed. */
const LARGE = 2 ** 19;
/** A sample takes so many milliseconds: above the coarsest clock's tick, 1 ms, it would not matter. */
const SAMPLE_MILLISECONDS = 1;
/** Samples of each; the first ones are of code that the engine has not optimised yet, and the best one counts. */
const SAMPLES = 16;
/** After so many products in one sample, the clock stands still. */
const PATIENCE = 10_000;

/** Audio worklets have no `performance`. */
function now(): number {
  return (globalThis.performance ?? Date).now();
}

/** Where the clock stands still (Cloudflare's workers), there is no trap handler either. */
const WITHOUT_CLOCK: MicroKernel = 'shuffles';

/** Whether a call of `f32_matmul` is one that is timed. */
export function isTimed(M: number, N: number, K: number): boolean {
  return M >= 4 && M * N * K >= LARGE;
}

/** The micro-kernels worth trying. Fused, long bodies are all that engines with relaxed SIMD are good at. */
export function candidates(variant: Variant | undefined): readonly MicroKernel[] {
  return variant === 'relaxed' ? ['loads', 'shuffles'] : microKernels;
}

/**
 * Kernels whose products take turns with the candidates until the best is known.
 * @param instances by micro-kernel
 * @param settle is told the best, once
 */
export function onTrial(
  instances: Readonly<Record<MicroKernel, InferenceKernels>>,
  tried: readonly MicroKernel[],
  settle: (best: MicroKernel) => void,
): InferenceKernels {
  const best = tried.map(() => 0);
  let settled: MicroKernel | undefined;
  let [turn, sample, products, multiplications, milliseconds] = [0, 0, 0, 0, 0];

  function next(): void {
    best[turn] = Math.max(best[turn]!, multiplications / milliseconds);
    [products, multiplications, milliseconds] = [0, 0, 0];
    turn = (turn + 1) % tried.length;
    if (turn === 0) sample++;
    if (sample === SAMPLES) finish(tried[best.indexOf(Math.max(...best))]!);
  }

  function finish(chosen: MicroKernel): void {
    settled = chosen;
    settle(chosen);
  }

  // Named one by one: gathered, each call would leave an array behind, and a model of small products never settles.
  const f32_matmul: InferenceKernels['f32_matmul'] = (
    c,
    a,
    packed,
    bias,
    M,
    N,
    K,
    aStride,
    cStride,
    accumulate,
    activation,
  ) => {
    // Whoever took the kernels before the trial ended still holds these.
    const timed = !settled && isTimed(M, N, K);
    const start = timed ? now() : 0;
    instances[settled ?? tried[turn]!].f32_matmul(
      c,
      a,
      packed,
      bias,
      M,
      N,
      K,
      aStride,
      cStride,
      accumulate,
      activation,
    );
    if (!timed) return;
    milliseconds += now() - start;
    multiplications += M * N * K;
    if (milliseconds >= SAMPLE_MILLISECONDS) next();
    else if (++products === PATIENCE) finish(WITHOUT_CLOCK);
  };
  return { ...instances.loads, f32_matmul };
}
