/** Convolutions and max pooling against PyTorch. */
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import { Conv1d, Conv2d } from '../../src/layers/conv.ts';
import { relu } from '../../src/ops/activation.ts';
import { maxPool1d, maxPool2d } from '../../src/ops/pool.ts';
import type { Pair } from '../../src/ops/window.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { weightedLoss } from '../support/gradientCheck.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { fixtureNames, sourceOf, type TorchCase, torchCases } from '../support/torchFixtures.ts';

/** Checks output y and the gradients of the given tensors. */
function checkOutput(fixture: TorchCase, compute: () => Tensor, parameters: Map<string, Tensor>): void {
  fixture.expectEqual('out', 'y', compute().toArray());
  const cotangent = fixture.floats('in.cotangent.y');
  const { gradients } = fixture.runtime.gradients(() => weightedLoss([compute()], [cotangent]), parameters);
  fixture.expectGradients(gradients);
}

/** nn.Conv1d's and nn.Conv2d's arguments as a configuration. */
function configOf<Extent>({ row }: TorchCase) {
  const { in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias } = row.ctor;
  return {
    inputs: in_channels as number,
    outputs: out_channels as number,
    kernel: kernel_size as Extent,
    stride: stride as Extent | undefined,
    padding: padding as Extent | undefined,
    dilation: dilation as Extent | undefined,
    groups: groups as number | undefined,
    bias: bias !== false,
    prefix: 'w.',
  };
}

const conv1dCases = ['basic', 'pad', 'stride', 'dil', 'group', 'depthwise'].map((kind) => `conv1d_${kind}`);
const conv2dCases = ['basic', 'pad_stride', 'rect', 'patch'].map((kind) => `conv2d_${kind}`);

torchCases('layers', conv1dCases, (fixture) => {
  const layer = Conv1d.load(fixture.runtime, fixture.source, configOf<number>(fixture));
  const x = fixture.tensor('in.x');
  checkOutput(fixture, () => layer.forward(x), fixtureNames(layer).set('in.x', x));
  layer.dispose();
});

torchCases('layers', conv2dCases, (fixture) => {
  const layer = Conv2d.load(fixture.runtime, fixture.source, configOf<Pair>(fixture));
  const x = fixture.tensor('in.x');
  checkOutput(fixture, () => layer.forward(x), fixtureNames(layer).set('in.x', x));
  layer.dispose();
});

torchCases('layers', ['conv2d_relu_maxpool'], (fixture) => {
  const layer = Conv2d.load(fixture.runtime, fixture.source, configOf<Pair>(fixture));
  const x = fixture.tensor('in.x');
  const compute = () => maxPool2d(relu(layer.forward(x)), 2);
  checkOutput(fixture, compute, fixtureNames(layer).set('in.x', x));
  layer.dispose();
});

torchCases('layers', ['maxpool2d_k3s2p1', 'maxpool1d_k2'], (fixture) => {
  const { kernel_size: kernel, stride, padding } = fixture.row.ctor as Record<string, number>;
  const pool = fixture.row.case.startsWith('maxpool1d') ? maxPool1d : maxPool2d;
  const x = fixture.tensor('in.x');
  checkOutput(fixture, () => pool(x, kernel!, { stride, padding }), new Map([['in.x', x]]));
});

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
