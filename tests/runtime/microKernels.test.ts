/** The real micro-kernels: which one a runtime takes, and that it does not show. */
import { afterAll, describe, expect, it } from 'vitest';
import { linear } from '../../src/ops/linear.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { createRuntime, createRuntimeSync } from '../../src/runtime/load.ts';
import { candidates, type MicroKernel, microKernels } from '../../src/runtime/microKernel.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { expectSameBits } from '../support/bits.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { variants } from '../support/runtimes.ts';
import { binary, simdModule } from './binaries.ts';

const ROWS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 23, 24, 25, 95, 96, 97, 193];
const COLUMNS = [1, 7, 8, 9, 33, 64];
const DEPTHS = [1, 3, 4, 5, 64, 767, 769];

function product(
  runtime: Runtime,
  x: Float32Array,
  w: Float32Array,
  [M, N, K]: readonly [number, number, number],
) {
  return runtime.scope(() => {
    const weight = new PackedWeight(Tensor.from(runtime, w.subarray(0, N * K), [N, K]));
    const values = linear(Tensor.from(runtime, x.subarray(0, M * K), [M, K]), weight).toArray();
    weight.dispose();
    return values;
  });
}

describe.each(variants)('micro-kernels, %s', async (variant) => {
  const random = seededRandom(testSeed());
  const x = random.normals(Math.max(...ROWS) * Math.max(...DEPTHS));
  const w = random.normals(Math.max(...COLUMNS) * Math.max(...DEPTHS));
  const runtimes = await Promise.all(
    microKernels.map((microKernel) => createRuntime({ variant, microKernel })),
  );
  afterAll(() => {
    for (const runtime of runtimes) runtime.dispose();
  });

  it('the one that was asked for is taken, whatever the products', () => {
    for (let i = 0; i < 100; i++) for (const runtime of runtimes) product(runtime, x, w, [96, 64, 128]);
    expect(runtimes.map(({ microKernel }) => microKernel)).toEqual(microKernels);
  });

  it.each(DEPTHS)('all give the same bits at depth %i', (K) => {
    for (const M of ROWS) {
      for (const N of COLUMNS) {
        const size = [M, N, K] as const;
        const [loads, ...others] = runtimes.map((runtime) => product(runtime, x, w, size));
        others.forEach((each, i) => {
          expectSameBits(each, loads!, `${microKernels[i + 1]} of ${size}`);
        });
      }
    }
  });

  it('by default large products decide, and no bit changes on the way', async () => {
    using runtime = await createRuntime({ variant });
    const size = [97, 64, 128] as const;
    const expected = product(runtimes[0]!, x, w, size);
    const { kernels } = runtime;
    expect(runtime.microKernel).toBeUndefined();
    for (let i = 0; i < 100; i++) product(runtime, x, w, [1, 64, 769]);
    expect(runtime.microKernel).toBeUndefined();
    let products = 0;
    for (; runtime.microKernel === undefined && products < 20_000; products++) {
      expectSameBits(product(runtime, x, w, size), expected);
    }
    console.log(`${variant}: ${runtime.microKernel} is taken here, after ${products} products`);
    expect(candidates(variant)).toContain(runtime.microKernel);
    expect(runtime.kernels).not.toBe(kernels);
    expectSameBits(product(runtime, x, w, size), expected);
  });

  it('a training runtime takes one too', async () => {
    using runtime = await trainingRuntime({ variant, microKernel: 'steps' });
    expect(runtime.microKernel).toBe('steps');
    expect(runtime.trainingKernels.f32_adam).toBeTypeOf('function');
  });
});

it('a training runtime has its gradient kernels while the trial lasts', () => {
  using runtime = createRuntimeSync({ module: new WebAssembly.Module(binary('simd.train')) });
  expect(runtime.microKernel).toBeUndefined();
  expect(runtime.trainingKernels.f32_adam).toBeTypeOf('function');
});

it.each(microKernels)('createRuntimeSync takes %s', (microKernel: MicroKernel) => {
  using runtime = createRuntimeSync({ module: simdModule(), microKernel });
  expect(runtime.microKernel).toBe(microKernel);
});
