/** Layers loaded to compute in int8, beside the same weights dequantised. */
import { describe, expect, it } from 'vitest';
import { ArgumentError, FormatError, UnsupportedError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { quantize } from '../../src/io/quantise.ts';
import { Attention } from '../../src/layers/attention.ts';
import { GRU } from '../../src/layers/gru.ts';
import { Linear } from '../../src/layers/linear.ts';
import { LSTM } from '../../src/layers/lstm.ts';
import type { Arithmetic } from '../../src/layers/parameters.ts';
import { RNN } from '../../src/layers/rnn.ts';
import { sum } from '../../src/ops/elementwise.ts';
import { Int8Weight } from '../../src/ops/int8Weight.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { WeightSource } from '../../src/tensor/weights.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

const random = seededRandom(testSeed());

/** Random weights of these shapes, as a trained layer of that many inputs would have them. */
function weights(shapes: Record<string, number[]>): WeightSource {
  const tensors = new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, fromFloat32(random.normals(size, 1 / Math.sqrt(shape.at(-1)!)), shape, 'F32')];
    }),
  );
  return { metadata: {}, names: () => [...tensors.keys()], get: (name) => tensors.get(name) };
}

const recurrentShapes = (gates: number, input: number, hidden: number) => ({
  weight_ih_l0: [gates * hidden, input],
  weight_hh_l0: [gates * hidden, hidden],
  bias_ih_l0: [gates * hidden],
  bias_hh_l0: [gates * hidden],
});

function largestDifference(a: Tensor, b: Tensor): number {
  const [left, right] = [a.toFloat32Array(), b.toFloat32Array()];
  expect(left.length).toBe(right.length);
  return left.reduce((most, value, i) => Math.max(most, Math.abs(value - right[i]!)), 0);
}

describe.each(variants)('layers in int8, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const tensor = (shape: number[]): Tensor =>
    Tensor.from(runtime, random.normals(shape.reduce((a, b) => a * b, 1)), shape);

  it('Linear keeps its weight in 8 bits only', () => {
    const file = quantize(weights({ weight: [128, 96], bias: [128] }));
    const before = runtime.memory.usedBytes;
    const load = (arithmetic?: Arithmetic) =>
      Linear.load(runtime, file, { inputs: 96, outputs: 128, arithmetic });
    const int8 = load('int8');
    const kept = runtime.memory.usedBytes - before;
    expect(kept).toBeLessThan((4 * 96 * 128) / 2);
    expect(int8.weight).toBeInstanceOf(Int8Weight);
    expect([...int8.parameters().keys()]).toEqual(['bias']);
    const f32 = load();
    expect([...f32.parameters().keys()]).toEqual(['weight', 'bias']);
    runtime.scope(() => {
      const x = tensor([7, 96]);
      // 96 steps of about 6 / 127, each half off, on weights of 1 / sqrt(96): 0.13 standard, 5 of them at most.
      const difference = largestDifference(int8.forward(x), f32.forward(x));
      expect(difference).toBeLessThan(5 * 0.014 * Math.sqrt(96) * 0.1);
      expect(difference).toBeGreaterThan(0);
      // A row alone is taken in 16 bits.
      const row = x.slice(0, 1);
      expect(largestDifference(int8.forward(row), f32.forward(row))).toBeLessThan(1e-3);
    });
    runtime.scope(() => void int8.forward(tensor([3, 96])));
    int8.dispose();
    f32.dispose();
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('LSTM: sequences and steps agree with f32 within the quantisation, and steps allocate nothing', () => {
    const file = quantize(weights(recurrentShapes(4, 16, 24)));
    const before = runtime.memory.usedBytes;
    const config = { inputSize: 16, hiddenSize: 24 };
    const int8 = LSTM.load(runtime, file, { ...config, arithmetic: 'int8' });
    const f32 = LSTM.load(runtime, file, config);
    expect([...int8.parameters().keys()]).toEqual(['bias_ih_l0', 'bias_hh_l0']);
    runtime.scope(() => {
      const x = tensor([2, 9, 16]);
      const [a, b] = [int8.forward(x), f32.forward(x)];
      expect(largestDifference(a.output, b.output)).toBeLessThan(0.05);
      expect(largestDifference(a.state[0]!.cell, b.state[0]!.cell)).toBeLessThan(0.1);
      const steps = int8.startSteps(2);
      const frames = Array.from({ length: 9 }, (_, t) =>
        Tensor.from(
          runtime,
          Float32Array.from(
            { length: 32 },
            (_, i) => x.toArray()[(Math.floor(i / 16) * 9 + t) * 16 + (i % 16)]!,
          ),
          [2, 16],
        ),
      );
      const used = runtime.memory.usedBytes;
      let last: Tensor | undefined;
      for (const frame of frames) last = int8.step(frame, steps);
      expect(runtime.memory.usedBytes).toBe(used);
      expect(largestDifference(last!, a.state[0]!.hidden)).toBeLessThan(1e-5);
      steps.dispose();
    });
    int8.dispose();
    f32.dispose();
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it.each([
    ['GRU', 3, GRU],
    ['RNN', 1, RNN as unknown as typeof GRU],
  ] as const)('%s projects its inputs in int8 and recurs in f32', (_, gates, Layer) => {
    const file = quantize(weights(recurrentShapes(gates, 16, 24)));
    const config = { inputSize: 16, hiddenSize: 24 };
    using int8 = Layer.load(runtime, file, { ...config, arithmetic: 'int8' });
    using f32 = Layer.load(runtime, file, config);
    expect([...int8.parameters().keys()]).toEqual(['weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0']);
    runtime.scope(() => {
      const x = tensor([2, 5, 16]);
      const difference = largestDifference(int8.forward(x).output, f32.forward(x).output);
      expect(difference).toBeLessThan(0.05);
      expect(difference).toBeGreaterThan(0);
      const steps = int8.startSteps(2);
      expect(int8.step(tensor([2, 16]), steps).shape).toEqual([2, 24]);
      steps.dispose();
    });
  });

  it.each(['general', 'additive'] as const)('%s attention', (score) => {
    const shapes: Record<string, number[]> =
      score === 'general'
        ? { 'attn.weight': [24, 32] }
        : { 'attn_q.weight': [24, 24], 'attn_k.weight': [24, 32], 'attn_v.weight': [1, 24] };
    const file = quantize(weights(shapes));
    const config = { score, querySize: 24, keySize: 32 };
    using int8 = Attention.load(runtime, file, { ...config, arithmetic: 'int8' });
    using f32 = Attention.load(runtime, file, config);
    expect([...int8.parameters().keys()]).toEqual(score === 'general' ? [] : ['attn_v.weight']);
    runtime.scope(() => {
      const [query, values] = [tensor([2, 3, 24]), tensor([2, 7, 32])];
      const [a, b] = [int8, f32].map((layer) => layer.read(query, layer.remember(values)).weights);
      expect(largestDifference(a!, b!)).toBeLessThan(0.05);
    });
  });

  it('mixes: a weight in floats is computed in f32', () => {
    const file = quantize(weights(recurrentShapes(4, 16, 16)), { exclude: /ih/ });
    using lstm = LSTM.load(runtime, file, { inputSize: 16, hiddenSize: 16, arithmetic: 'int8' });
    expect([...lstm.parameters().keys()]).toEqual(['weight_ih_l0', 'bias_ih_l0', 'bias_hh_l0']);
    runtime.scope(() => {
      const steps = lstm.startSteps();
      lstm.step(tensor([1, 16]), steps);
      steps.dispose();
    });
  });

  it('does not train', () => {
    const file = quantize(weights({ weight: [16, 16], bias: [16] }));
    using linear = Linear.load(runtime, file, { inputs: 16, outputs: 16, arithmetic: 'int8' });
    const loss = () => sum(linear.forward(tensor([2, 16])));
    expect(() => runtime.gradients(loss, linear.parameters())).toThrow(UnsupportedError);
  });

  it('says what is wrong with 8-bit weights, and leaks nothing', () => {
    const floats = weights({ weight: [16, 20], bias: [16] });
    const config = { inputs: 20, outputs: 16, arithmetic: 'int8' } as const;
    const before = runtime.memory.usedBytes;
    const load = (source: WeightSource) => () => Linear.load(runtime, source, config);
    expect(load(floats)).toThrow(FormatError);
    expect(load(floats)).toThrow(
      'weights: arithmetic int8 needs weights in I8, got none; quantize(weights) makes them',
    );
    const file = quantize(floats);
    const without = (missing: string): WeightSource => ({
      ...file,
      names: () => file.names().filter((name) => name !== missing),
      get: (name) => (name === missing ? undefined : file.get(name)),
    });
    expect(load(without('weight.scale'))).toThrow(
      'weights: weight is I8 and needs weight.scale of 16 scales',
    );
    expect(load(without('weight'))).toThrow('weights: weight is missing (expected shape [16, 20])');
    expect(load(without('bias'))).toThrow('weights: bias is missing');
    expect(() => Linear.load(runtime, file, { ...config, inputs: 21 })).toThrow('weight has shape [16, 20]');
    const unknown = { ...config, arithmetic: 'int4' as 'int8' };
    expect(() => Linear.load(runtime, file, unknown)).toThrow(ArgumentError);
    expect(runtime.memory.usedBytes).toBe(before);
  });
});
