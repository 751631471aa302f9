import { describe, expect, it } from 'vitest';
import { FormatError, ShapeError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { LayerNorm, RMSNorm } from '../../src/layers/norm.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

describe.each(variants)('norm layers, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);

  it('begin with weights of 1 and biases of 0, under the names of PyTorch', () => {
    const before = runtime.memory.usedBytes;
    {
      using layer = LayerNorm.create(runtime, { size: 3 });
      using root = RMSNorm.create(runtime, { size: 2 });
      expect([...layer.parameters().keys()]).toEqual(['weight', 'bias']);
      expect([...layer.weight!.toArray(), ...layer.bias!.toArray()]).toEqual([1, 1, 1, 0, 0, 0]);
      expect([...root.parameters().keys()]).toEqual(['weight']);
      expect([...root.weight.toArray()]).toEqual([1, 1]);
      expect([layer.epsilon, root.epsilon]).toEqual([1e-5, 1e-6]);
    }
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it.each([
    [{ weight: false }, []],
    [{ bias: false }, ['weight']],
    [{ weight: false, bias: true }, ['bias']],
  ])('layer norm with %j has the parameters %j', (config, names) => {
    using layer = LayerNorm.create(runtime, { size: 4, ...config });
    expect([...layer.parameters().keys()]).toEqual(names);
    runtime.scope(() => {
      const y = layer.forward(Tensor.from(runtime, [1, -1, 1, -1], [4])).toArray();
      for (const value of y) expect(Math.abs(Math.abs(value) - 1)).toBeLessThan(1e-5);
    });
  });

  it('use what a file holds, and the epsilon given', () => {
    const source = sourceOf({
      'norm.weight': fromFloat32(Float32Array.of(2, 3), [2], 'F32'),
      'norm.bias': fromFloat32(Float32Array.of(10, 20), [2], 'F32'),
      'root.weight': fromFloat32(Float32Array.of(5, 7), [2], 'F32'),
    });
    using layer = LayerNorm.load(runtime, source, { size: 2, epsilon: 8, prefix: 'norm.' });
    using root = RMSNorm.load(runtime, source, { size: 2, epsilon: 3, prefix: 'root.' });
    runtime.scope(() => {
      // Variance 1 + 8 and mean square 1 + 3: exact roots.
      const x = Tensor.from(runtime, [-1, 1], [2]);
      expect(layer.forward(x).toArray()[0]).toBeCloseTo(10 - 2 / 3, 5);
      expect(layer.forward(x).toArray()[1]).toBeCloseTo(20 + 3 / 3, 5);
      expect([...root.forward(x).toArray()]).toEqual([-2.5, 3.5]);
      expect(() => layer.forward(Tensor.zeros(runtime, [3]))).toThrow(ShapeError);
    });
  });

  it('list what a file lacks', () => {
    const before = runtime.memory.usedBytes;
    expect(() => LayerNorm.load(runtime, sourceOf({}), { size: 2 })).toThrow(
      new FormatError([
        'weights: weight is missing (expected shape [2])',
        'weights: bias is missing (expected shape [2])',
      ]),
    );
    expect(runtime.memory.usedBytes).toBe(before);
  });
});
