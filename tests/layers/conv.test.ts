import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import { Conv1d, Conv2d } from '../../src/layers/conv.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

describe.each(variants)('convolution layers, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);

  it('name their parameters as PyTorch, and free them', () => {
    const before = runtime.memory.usedBytes;
    const config = { inputs: 4, outputs: 6, kernel: 3, groups: 2 };
    const one = Conv1d.create(runtime, config, new Random(1));
    const two = Conv2d.create(runtime, { ...config, kernel: [3, 2], bias: false }, new Random(1));
    expect([...one.parameters()].map(([name, { shape }]) => [name, shape])).toEqual([
      ['weight', [6, 2, 3]],
      ['bias', [6]],
    ]);
    expect([...two.parameters()].map(([name, { shape }]) => [name, shape])).toEqual([
      ['weight', [6, 2, 3, 2]],
    ]);
    // Fresh weights are uniform within 1 / sqrt(6): PyTorch's default.
    const largest = Math.max(...one.weight.toFloat32Array().map(Math.abs));
    expect(largest).toBeGreaterThan(0.3);
    expect(largest).toBeLessThanOrEqual(Math.fround(1 / Math.sqrt(6)));
    runtime.scope(() => {
      expect(one.forward(Tensor.zeros(runtime, [2, 4, 5])).shape).toEqual([2, 6, 3]);
      expect(two.forward(Tensor.zeros(runtime, [2, 4, 5, 5]), 'relu').shape).toEqual([2, 6, 3, 4]);
    });
    one.dispose();
    two.dispose();
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('leak nothing when weights are missing', () => {
    const before = runtime.memory.usedBytes;
    const config = { inputs: 2, outputs: 3, kernel: 3 };
    const weights = sourceOf({
      weight: { dtype: 'F32', shape: [3, 2, 3], bytes: new Uint8Array(72) },
    });
    expect(() => Conv1d.load(runtime, weights, config)).toThrow(
      new FormatError(['weights: bias is missing (expected shape [3])']),
    );
    expect(runtime.memory.usedBytes).toBe(before);
  });
});
