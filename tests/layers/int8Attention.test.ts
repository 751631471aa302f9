/** Multi-head attention and the encoder layer with 8-bit weights, beside the same weights dequantised. */
import { describe, expect, it, vi } from 'vitest';
import { FormatError, UnsupportedError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { type QuantizedWeights, quantize } from '../../src/io/quantise.ts';
import { TransformerEncoderLayer } from '../../src/layers/encoderLayer.ts';
import { MultiHeadAttention } from '../../src/layers/multiHeadAttention.ts';
import { sum } from '../../src/ops/elementwise.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { expectSameBits } from '../support/bits.ts';
import { tolerance } from '../support/gradientCheck.ts';
import {
  encode,
  exact,
  quantisedLinear,
  selfAttention,
  type Uncertain,
  uncertainAttention,
  weightsOf,
} from '../support/quantisedLayers.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

const random = seededRandom(testSeed());

/** Random weights of these shapes; the matrices that are chosen, in 8 bits. */
function quantised(shapes: Record<string, readonly number[]>, include = /./): QuantizedWeights {
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return [name, fromFloat32(random.normals(size, 0.5 / Math.sqrt(shape.at(-1)!)), shape, 'F32')] as const;
  });
  return quantize(sourceOf(Object.fromEntries(tensors)), { include });
}

function attentionShapes(size: number, keySize = size, valueSize = size): Record<string, readonly number[]> {
  const inputs: Record<string, readonly number[]> =
    keySize === size && valueSize === size
      ? { in_proj_weight: [3 * size, size] }
      : { q_proj_weight: [size, size], k_proj_weight: [size, keySize], v_proj_weight: [size, valueSize] };
  const biases = { in_proj_bias: [3 * size], 'out_proj.bias': [size] };
  return { ...inputs, ...biases, 'out_proj.weight': [size, size] };
}

function encoderShapes(size: number, wide: number): Record<string, readonly number[]> {
  const attention = Object.entries(attentionShapes(size)).map(([name, shape]) => [
    `self_attn.${name}`,
    shape,
  ]);
  return {
    ...Object.fromEntries(attention),
    'linear1.weight': [wide, size],
    'linear1.bias': [wide],
    'linear2.weight': [size, wide],
    'linear2.bias': [size],
    ...Object.fromEntries(
      ['norm1', 'norm2'].flatMap((n) => [`${n}.weight`, `${n}.bias`].map((p) => [p, [size]])),
    ),
  };
}

/** How many standard deviations off a number may be. Of some hundreds the farthest is 4.2 off, with a dozen seeds. */
const DEVIATIONS = 6;

/** f32 agrees with the reference, so that the deviations are of this layer; int8 differs, within them. */
function expectWithinSteps(int8: Tensor, f32: Tensor, { values, deviations }: Uncertain): void {
  const [quantised, floats] = [int8.toArray(), f32.toArray()];
  expect(quantised.length).toBe(values.length);
  const rounding = tolerance(
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    256,
  );
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    expect(Math.abs(floats[i]! - values[i]!), `f32 [${i}]`).toBeLessThanOrEqual(rounding);
    const difference = Math.abs(quantised[i]! - floats[i]!);
    expect(difference, `int8 [${i}]`).toBeLessThanOrEqual(DEVIATIONS * deviations[i]! + rounding);
    largest = Math.max(largest, difference);
  }
  expect(largest).toBeGreaterThan(0);
}

describe.each(variants)('attention layers in int8, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const tensor = (...shape: number[]): Tensor =>
    Tensor.from(runtime, random.normals(shape.reduce((a, b) => a * b, 1)), shape);

  describe.each([
    [64, 4],
    [20, 2],
  ])('MultiHeadAttention, model size %i', (modelSize, heads) => {
    const file = quantised(attentionShapes(modelSize));
    const config = { modelSize, heads };

    it.each([1, 9])('%i rows: as in f32, within the steps of the activations', (rows) => {
      using int8 = MultiHeadAttention.load(runtime, file, { ...config, arithmetic: 'int8' });
      using f32 = MultiHeadAttention.load(runtime, file, config);
      runtime.scope(() => {
        const x = tensor(1, rows, modelSize);
        const expected = selfAttention(exact(x.toArray(), modelSize), file, heads);
        expectWithinSteps(int8.forward(x).output, f32.forward(x).output, expected);
      });
    });

    it('projections together and apart give the same bits', () => {
      using int8 = MultiHeadAttention.load(runtime, file, { ...config, arithmetic: 'int8' });
      runtime.scope(() => {
        const x = tensor(2, 7, modelSize);
        const copies = [1, 2].map(() => Tensor.from(runtime, x.toArray(), x.shape));
        const together = int8.forward(x, x, x, { mask: 'causal', returnWeights: 'per-head' });
        for (const [key, value] of [
          [copies[0]!, copies[0]!],
          [copies[0]!, copies[1]!],
        ] as const) {
          const apart = int8.forward(x, key, value, { mask: 'causal', returnWeights: 'per-head' });
          expectSameBits(apart.output.toArray(), together.output.toArray(), 'output');
          expectSameBits(apart.weights!.toArray(), together.weights!.toArray(), 'weights');
        }
      });
    });
  });

  it('MultiHeadAttention with keys and values of widths of their own', () => {
    const file = quantised(attentionShapes(32, 20, 48));
    const config = { modelSize: 32, heads: 4, keySize: 20, valueSize: 48 };
    using int8 = MultiHeadAttention.load(runtime, file, { ...config, arithmetic: 'int8' });
    using f32 = MultiHeadAttention.load(runtime, file, config);
    expect([...int8.parameters().keys()]).toEqual(['in_proj_bias', 'out_proj.bias']);
    runtime.scope(() => {
      const [query, key, value] = [tensor(1, 3, 32), tensor(1, 7, 20), tensor(1, 7, 48)];
      const { projection } = weightsOf(file, '');
      const biases = projection('out_proj.weight', 'in_proj_bias').bias;
      const projected = [query, key, value].map((x, i) => {
        const { weight } = projection(`${'qkv'[i]}_proj_weight`, 'in_proj_bias');
        return quantisedLinear(exact(x.toArray(), x.shape[2]!), {
          weight,
          bias: biases.slice(32 * i, 32 * (i + 1)),
        });
      }) as [Uncertain, Uncertain, Uncertain];
      const attended = uncertainAttention(...projected, 4);
      const expected = quantisedLinear(attended, projection('out_proj.weight', 'out_proj.bias'));
      expectWithinSteps(
        int8.forward(query, key, value).output,
        f32.forward(query, key, value).output,
        expected,
      );
    });
  });

  it('MultiHeadAttention keeps one 8-bit copy of its weights, whatever is attended to', () => {
    const size = 128;
    const file = quantised(attentionShapes(size));
    const before = runtime.memory.usedBytes;
    const int8 = MultiHeadAttention.load(runtime, file, { modelSize: size, heads: 4, arithmetic: 'int8' });
    expect([...int8.parameters().keys()]).toEqual(['in_proj_bias', 'out_proj.bias']);
    const steady = runtime.memory.usedBytes;
    // 4 size^2 bytes of weights, of which the arena's classes may round up a quarter; sums, scales and biases.
    expect(steady - before).toBeLessThan(1.25 * 4 * size ** 2 + 64 * size);
    runtime.scope(() => {
      const [x, y, z] = [tensor(1, 3, size), tensor(1, 5, size), tensor(1, 5, size)];
      for (const [key, value] of [[x], [y], [y, z]] as [Tensor, Tensor?][]) int8.forward(x, key, value);
    });
    expect(runtime.memory.usedBytes).toBe(steady);
    int8.dispose();
    int8.dispose();
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it.each([
    ['relu', false, 9],
    ['gelu', false, 1],
    ['relu', true, 1],
    ['gelu', true, 9],
  ] as const)('TransformerEncoderLayer, %s, norms first %s, %i rows', (activation, normFirst, rows) => {
    const file = quantised(encoderShapes(32, 64));
    const config = { modelSize: 32, heads: 4, feedForwardSize: 64, activation, normFirst };
    using int8 = TransformerEncoderLayer.load(runtime, file, { ...config, arithmetic: 'int8' });
    using f32 = TransformerEncoderLayer.load(runtime, file, config);
    runtime.scope(() => {
      const x = tensor(1, rows, 32);
      const expected = encode(exact(x.toArray(), 32), file, 4, activation, normFirst);
      expectWithinSteps(int8.forward(x).output, f32.forward(x).output, expected);
    });
  });

  it.each(['f32', 'int8'] as const)('TransformerEncoderLayer fuses its activation, %s', (arithmetic) => {
    const config = { modelSize: 32, heads: 4, feedForwardSize: 80, activation: 'gelu', arithmetic } as const;
    using layer = TransformerEncoderLayer.load(runtime, quantised(encoderShapes(32, 80)), config);
    runtime.scope(() => {
      const x = tensor(2, 3, 32);
      const made = vi.spyOn(Tensor, 'empty');
      layer.forward(x);
      const wide = made.mock.calls.filter(([, shape]) => shape.at(-1) === 80);
      made.mockRestore();
      expect(wide.length).toBe(1);
    });
  });

  it('TransformerEncoderLayer takes a third of the memory that f32 takes', () => {
    const file = quantised(encoderShapes(64, 256));
    const config = { modelSize: 64, heads: 4, feedForwardSize: 256 };
    const kept = (['f32', 'int8'] as const).map((arithmetic) => {
      const before = runtime.memory.usedBytes;
      const layer = TransformerEncoderLayer.load(runtime, file, { ...config, arithmetic });
      const loaded = runtime.memory.usedBytes - before;
      const names = [...layer.parameters().keys()];
      layer.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
      return { loaded, names };
    });
    expect(kept[1]!.loaded).toBeLessThan(kept[0]!.loaded / 3);
    // What has no tensor is no parameter.
    expect(kept[1]!.names).toEqual(kept[0]!.names.filter((name) => file.get(name)!.dtype !== 'I8'));
    expect(kept[1]!.names).toContain('norm2.weight');
    expect(kept[0]!.names).toContain('self_attn.in_proj_weight');
  });

  it('mixes: a weight in floats is computed in f32', () => {
    const file = quantised(encoderShapes(32, 64), /in_proj|linear2/);
    const config = { modelSize: 32, heads: 4, feedForwardSize: 64 };
    using int8 = TransformerEncoderLayer.load(runtime, file, { ...config, arithmetic: 'int8' });
    using f32 = TransformerEncoderLayer.load(runtime, file, config);
    const matrices = [...int8.parameters().keys()].filter((name) => file.get(name)!.shape.length === 2);
    expect(matrices).toEqual(['self_attn.out_proj.weight', 'linear1.weight']);
    runtime.scope(() => {
      const x = tensor(1, 1, 32);
      const [a, b] = [int8, f32].map((layer) => layer.forward(x).output.toFloat32Array());
      const difference = a!.reduce((most, value, i) => Math.max(most, Math.abs(value - b![i]!)), 0);
      expect(difference).toBeGreaterThan(0);
      expect(difference).toBeLessThan(1e-3);
    });
  });

  it('does not train', () => {
    const config = { modelSize: 32, heads: 4, feedForwardSize: 64, arithmetic: 'int8' } as const;
    using layer = TransformerEncoderLayer.load(runtime, quantised(encoderShapes(32, 64)), config);
    using attention = MultiHeadAttention.load(runtime, quantised(attentionShapes(32)), config);
    runtime.scope(() => {
      const x = tensor(1, 3, 32);
      for (const each of [layer, attention]) {
        const loss = () => sum(each.forward(x).output);
        expect(() => runtime.gradients(loss, each.parameters())).toThrow(UnsupportedError);
        expect(() => runtime.gradients(loss, new Map([['x', x]]))).toThrow(UnsupportedError);
      }
    });
  });

  it('says what is wrong with 8-bit weights, and leaks nothing', () => {
    const file = quantised(encoderShapes(32, 64));
    const config = { modelSize: 32, heads: 4, feedForwardSize: 64, arithmetic: 'int8' } as const;
    const before = runtime.memory.usedBytes;
    const without = (missing: string) =>
      sourceOf(Object.fromEntries([...file].filter(([name]) => name !== missing)));
    const load =
      (source: typeof file | ReturnType<typeof sourceOf>, other = {}) =>
      () =>
        TransformerEncoderLayer.load(runtime, source, { ...config, ...other });
    expect(load(without('self_attn.in_proj_weight.scale'))).toThrow(FormatError);
    expect(load(without('self_attn.in_proj_weight.scale'))).toThrow(
      'self_attn.in_proj_weight is I8 and needs self_attn.in_proj_weight.scale of 96 scales',
    );
    expect(load(without('self_attn.in_proj_weight'))).toThrow(
      'self_attn.in_proj_weight is missing (expected shape [96, 32])',
    );
    expect(load(file, { modelSize: 16 })).toThrow('self_attn.in_proj_weight has shape [96, 32]');
    expect(runtime.memory.usedBytes).toBe(before);
  });
});
