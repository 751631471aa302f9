import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { fromFloat32, toFloat32 } from '../../src/io/conversion.ts';
import { quantize } from '../../src/io/quantise.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import type { StoredDType, StoredTensor, WeightSource } from '../../src/tensor/weights.ts';
import { seededRandom, testSeed } from '../support/random.ts';

const random = seededRandom(testSeed());

function normal(shape: number[], dtype: StoredDType = 'F32'): StoredTensor {
  return fromFloat32(random.normals(shape.reduce((a, b) => a * b, 1)), shape, dtype as 'F32');
}

function source(tensors: Record<string, StoredTensor>): WeightSource {
  return {
    metadata: { made: 'here' },
    names: () => Object.keys(tensors),
    get: (name) => tensors[name],
  };
}

describe('quantize', () => {
  const tensors = {
    'embedding.weight': normal([32, 16]),
    'layer.weight': normal([20, 33], 'F16'),
    'layer.bias': normal([20]),
    'small.weight': normal([2, 40]),
    'conv.weight': normal([16, 16, 3]),
    ids: { dtype: 'I32', shape: [16, 16], bytes: new Uint8Array(1024) } as StoredTensor,
  };

  it('puts each large floating matrix in 8 bits, with one scale for each row, and leaves the rest', () => {
    const quantized = quantize(source(tensors));
    expect(quantized.names()).toEqual([
      'embedding.weight',
      'embedding.weight.scale',
      'layer.weight',
      'layer.weight.scale',
      'layer.bias',
      'small.weight',
      'conv.weight',
      'ids',
    ]);
    expect(quantized.metadata).toEqual({ made: 'here' });
    for (const name of ['layer.bias', 'small.weight', 'conv.weight', 'ids'] as const) {
      expect(quantized.get(name)).toBe(tensors[name]);
    }
    const integers = quantized.get('layer.weight')!;
    const scales = quantized.get('layer.weight.scale')!;
    expect([integers.dtype, integers.shape, scales.dtype, scales.shape]).toEqual([
      'I8',
      [20, 33],
      'F32',
      [20, 1],
    ]);
    const [was, q, s] = [toFloat32(tensors['layer.weight']), toFloat32(integers), toFloat32(scales)];
    for (let row = 0; row < 20; row++) {
      const values = was.subarray(33 * row, 33 * (row + 1));
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      values.forEach((value, i) => {
        // Half a step; rounding the scale moves 127 steps by at most 127 roundings.
        const bound = largest / 254 + 128 * 2 ** -24 * largest;
        expect(Math.abs(q[33 * row + i]! * s[row]! - value)).toBeLessThanOrEqual(bound);
      });
    }
  });

  it('takes names by pattern or predicate', () => {
    const matrices = (options: Parameters<typeof quantize>[1]) =>
      quantize(source(tensors), options)
        .names()
        .filter((name) => name.endsWith('.scale'));
    const global = /weight/g;
    expect(matrices({ include: global, exclude: /embedding/ })).toEqual(['layer.weight.scale']);
    expect(matrices({ include: global })).toHaveLength(2);
    expect(matrices({ include: (name) => name.startsWith('embedding') })).toEqual(['embedding.weight.scale']);
    expect(matrices({ smallest: 2 })).toHaveLength(3);
    expect(matrices({ smallest: 21 })).toEqual([]);
  });

  it('can be written and read again; what is in 8 bits stays', () => {
    const quantized = quantize(source(tensors));
    const read = readSafetensors(writeSafetensors(quantized, { metadata: quantized.metadata }));
    expect(new Set(read.names())).toEqual(new Set(quantized.names()));
    expect(read.get('layer.weight')).toEqual(quantized.get('layer.weight'));
    const again = quantize(read);
    for (const name of read.names()) expect(again.get(name)).toEqual(read.get(name));
  });

  it('names every tensor that is not finite, and a taken name', () => {
    const bad = { ...tensors, 'layer.weight': normal([16, 16]), 'more.weight': normal([16, 16]) };
    new DataView(bad['layer.weight'].bytes.buffer).setFloat32(40, Number.NaN, true);
    new DataView(bad['more.weight'].bytes.buffer).setFloat32(0, Number.NEGATIVE_INFINITY, true);
    const failing = (): unknown => quantize(source(bad));
    expect(failing).toThrow(ArgumentError);
    expect(failing).toThrow(
      'quantize: layer.weight must be finite, has NaN\nquantize: more.weight must be finite, has -Infinity',
    );
    expect(() => quantize(source(bad), { exclude: /^(layer|more)/ })).not.toThrow();
    expect(() => quantize(source({ ...tensors, 'layer.weight.scale': normal([20]) }))).toThrow(
      'quantize: layer.weight.scale is taken',
    );
  });
});
