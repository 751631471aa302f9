/** `simd` gives the same bits on every engine, with every micro-kernel and any number of threads. */
import { describe, expect, it, vi } from 'vitest';
import * as core from '../../src/index.ts';
import * as models from '../../src/models.ts';
import { microKernels } from '../../src/runtime/microKernel.ts';
import { ThreadPool } from '../../src/runtime/threads.ts';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { EXPECTED, fingerprints } from '../runtimes/suite/fingerprints.js';

const heed = { ...core, ...models };

/** What the threads share. */
const SPLIT = [
  'f32_attention',
  'f32_layer_norm',
  'f32_log_softmax',
  'f32_matmul',
  'f32_rms_norm',
  'f32_softmax',
  'qi8_matmul',
];

describe('fingerprints of simd', () => {
  for (const microKernel of microKernels) {
    it.each([1, 2])(`micro-kernel ${microKernel}, %i threads`, async (threads) => {
      using runtime = await heed.createRuntime({ variant: 'simd', microKernel, threads });
      expect(runtime.threads).toBe(threads);
      const before = runtime.memory.usedBytes;
      const split = vi.spyOn(ThreadPool.prototype, 'run');
      expect(fingerprints(heed, runtime)).toEqual(EXPECTED);
      const kernels = new Set(split.mock.calls.map(([kernel]) => kernel));
      split.mockRestore();
      expect([...kernels].sort()).toEqual(threads === 1 ? [] : SPLIT);
      expect(runtime.memory.usedBytes).toBe(before);
    });
  }

  it('the training binary', async () => {
    using runtime = await trainingRuntime({ variant: 'simd' });
    expect(fingerprints(heed, runtime)).toEqual(EXPECTED);
  });

  it('tell what differs by one bit', async () => {
    using runtime = await heed.createRuntime({ variant: 'simd', microKernel: 'loads' });
    const { layerNorm, ...others } = heed;
    const off: typeof layerNorm = (x, options) => {
      const y = layerNorm(x, options);
      const values = y.toFloat32Array();
      new Int32Array(values.buffer)[7]! ^= 1;
      return heed.Tensor.from(runtime, values, y.shape);
    };
    const { layerNorm: expected, ...rest } = EXPECTED;
    const { layerNorm: actual, ...same } = fingerprints({ ...others, layerNorm: off }, runtime);
    expect(actual).not.toBe(expected);
    expect(same).toEqual(rest);
  });
});
