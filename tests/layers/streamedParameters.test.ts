/** Parameters that come in pieces are those that come at once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError, UnsupportedError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { quantize } from '../../src/io/quantise.ts';
import { weightStream } from '../../src/io/weightStream.ts';
import type { Layout } from '../../src/layers/layout.ts';
import { Linear } from '../../src/layers/linear.ts';
import { MultiHeadAttention } from '../../src/layers/multiHeadAttention.ts';
import { LayerNorm } from '../../src/layers/norm.ts';
import { type StreamedOptions, streamParameters } from '../../src/layers/streamedParameters.ts';
import { TiedEmbedding } from '../../src/layers/tiedEmbedding.ts';
import { FrozenWeight } from '../../src/ops/frozenWeight.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { StoredTensor, WeightSource, WeightStream } from '../../src/tensor/weights.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

/** Named tensors of random numbers. */
function randomWeights(
  shapes: Readonly<Record<string, readonly number[]>>,
  dtype: 'F32' | 'F16' | 'BF16' = 'F32',
): WeightSource {
  const random = new Random(5);
  const entries = Object.entries(shapes).map(([name, shape]): [string, StoredTensor] => {
    const values = Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      () => random.uniform() - 0.5,
    );
    return [name, fromFloat32(values, shape, dtype)];
  });
  return sourceOf(Object.fromEntries(entries));
}

/** Hands tensors out in pieces of so many elements, one after the other. */
function inPieces(weights: WeightSource, elements: number): WeightStream {
  return {
    ...weightStream(weights),
    async stream(take, { names } = {}) {
      for (const name of weights.names()) {
        if (names && !names.has(name)) continue;
        const { bytes, shape } = weights.get(name)!;
        const size = (bytes.length / shape.reduce((a, b) => a * b, 1)) * elements;
        for (let offset = 0; offset < bytes.length; offset += size) {
          // At an odd address, and overwritten after the call.
          const piece = new Uint8Array(size + 1).subarray(1, 1 + Math.min(size, bytes.length - offset));
          piece.set(bytes.subarray(offset, offset + size));
          take(name, offset, piece);
          piece.fill(0xff);
        }
      }
    },
  };
}

const sizes = { inputs: 7, outputs: 13 };
const linearWeights = (): WeightSource => randomWeights({ weight: [13, 7], bias: [13] });
const build = (parameters: ConstructorParameters<typeof Linear>[0]): Linear => new Linear(parameters, sizes);

describe.each(variants)('streamed parameters, %s', (variant) => {
  /** What a layer makes of the same input. */
  const outputOf = (runtime: Runtime, layer: { forward(x: Tensor): Tensor }, width: number): number[] =>
    runtime.scope(() => {
      const random = new Random(9);
      const x = Tensor.from(
        runtime,
        Array.from({ length: 3 * width }, () => random.uniform() - 0.5),
        [3, width],
      );
      return Array.from(layer.forward(x).toFloat32Array());
    });

  it('are bit for bit those of a file in memory, whatever the pieces', async () => {
    const runtime = await sharedRuntime(variant);
    for (const dtype of ['F32', 'F16', 'BF16'] as const) {
      const weights = randomWeights({ weight: [13, 7], bias: [13] }, dtype);
      using whole = Linear.load(runtime, weights, sizes);
      const expected = outputOf(runtime, whole, 7);
      for (const elements of [1, 3, 7, 8, 50, 1000]) {
        using streamed = await streamParameters(runtime, inPieces(weights, elements), build);
        expect(streamed.weight).toBeInstanceOf(FrozenWeight);
        expect(outputOf(runtime, streamed, 7)).toEqual(expected);
      }
    }
  });

  it('can be made 8-bit ones on the way', async () => {
    const runtime = await sharedRuntime(variant);
    const weights = randomWeights({ weight: [37, 18], bias: [37] });
    const wide = { inputs: 18, outputs: 37 };
    using whole = Linear.load(runtime, quantize(weights), { ...wide, arithmetic: 'int8' });
    const expected = outputOf(runtime, whole, 18);
    for (const elements of [1, 18, 40, 1000]) {
      using streamed = await streamParameters(
        runtime,
        inPieces(weights, elements),
        (parameters) => new Linear(parameters, wide),
        { quantize: 'int8' },
      );
      expect(outputOf(runtime, streamed, 18)).toEqual(expected);
    }
  });

  it('are multiplied by their scales where they are stored in 8 bits', async () => {
    const runtime = await sharedRuntime(variant);
    const weights = quantize(randomWeights({ weight: [37, 18], bias: [37] }));
    const wide = { inputs: 18, outputs: 37 };
    const built = (parameters: ConstructorParameters<typeof Linear>[0]): Linear =>
      new Linear(parameters, wide);
    using plain = Linear.load(runtime, weights, wide);
    using streamed = await streamParameters(runtime, inPieces(weights, 5), built);
    expect(outputOf(runtime, streamed, 18)).toEqual(outputOf(runtime, plain, 18));
    using int8 = Linear.load(runtime, weights, { ...wide, arithmetic: 'int8' });
    using again = await streamParameters(runtime, inPieces(weights, 5), built, { quantize: 'int8' });
    const [one, other] = [outputOf(runtime, again, 18), outputOf(runtime, int8, 18)];
    // A row's scale is computed anew from its largest value, which may change its last bit.
    one.forEach((value, i) => {
      expect(Math.abs(value - other[i]!)).toBeLessThan(1e-5);
    });
    const noScale = sourceOf({ weight: weights.get('weight')!, bias: weights.get('bias')! });
    await expect(streamParameters(runtime, weightStream(noScale), built)).rejects.toThrow(
      'weights: weight is I8 and needs weight.scale of 37 scales',
    );
  });

  it('are put together of several tensors, and of transposes', async () => {
    const runtime = await sharedRuntime(variant);
    const config = { modelSize: 12, heads: 3 };
    const joined = randomWeights({
      in_proj_weight: [36, 12],
      in_proj_bias: [36],
      'out_proj.weight': [12, 12],
      'out_proj.bias': [12],
    });
    using whole = MultiHeadAttention.load(runtime, joined, config);
    const rows = (name: string, from: number, to: number): StoredTensor => {
      const { bytes, shape } = joined.get(name)!;
      const rowBytes = bytes.length / shape[0]!;
      const part = bytes.slice(from * rowBytes, to * rowBytes);
      return { dtype: 'F32', shape: [to - from, ...shape.slice(1)], bytes: part };
    };
    const apart = sourceOf({
      // A last axis of its own in front, as some biases are stored.
      'attn.q.bias': rows('in_proj_bias', 0, 12),
      'attn.o.weight': transposed(joined.get('out_proj.weight')!),
      'attn.v.weight': rows('in_proj_weight', 24, 36),
      'attn.kv.bias': { ...rows('in_proj_bias', 12, 36), shape: [1, 24] },
      'attn.q.weight': rows('in_proj_weight', 0, 12),
      'attn.k.weight': transposed(rows('in_proj_weight', 12, 24)),
      'out_proj.bias': joined.get('out_proj.bias')!,
    });
    const layout: Layout = {
      in_proj_weight: ['attn.q.weight', { transposed: 'attn.k.weight' }, 'attn.v.weight'],
      in_proj_bias: ['attn.q.bias', 'attn.kv.bias'],
      'out_proj.weight': { transposed: 'attn.o.weight' },
    };
    const attention = { forward: (x: Tensor) => x };
    const run = (layer: MultiHeadAttention): number[] =>
      outputOf(runtime, { ...attention, forward: (x) => layer.forward(x.reshape([1, 3, 12])).output }, 12);
    for (const options of [{}, { quantize: 'int8' }] as const) {
      using reference = MultiHeadAttention.load(
        runtime,
        options.quantize ? quantize(joined, { smallest: 1 }) : joined,
        {
          ...config,
          ...(options.quantize && { arithmetic: 'int8' }),
        },
      );
      for (const elements of [1, 5, 12, 1000]) {
        using streamed = await streamParameters(
          runtime,
          inPieces(apart, elements),
          (parameters) => new MultiHeadAttention(parameters, config),
          { layout, ...options },
        );
        expect(run(streamed)).toEqual(run(reference));
      }
    }
    expect(run(whole).every(Number.isFinite)).toBe(true);
  });

  it('read and score tokens from one table', async () => {
    const runtime = await sharedRuntime(variant);
    const weights = randomWeights({ weight: [19, 6] });
    const table = { count: 19, size: 6 };
    const ids = Tensor.from(runtime, [18, 0, 7, 7], [2, 2], 'i32');
    const values = Array.from(new Float32Array(weights.get('weight')!.bytes.slice().buffer));
    for (const quantise of [undefined, 'int8'] as const) {
      using tied = await streamParameters(
        runtime,
        weightStream(weights),
        (parameters) => Object.assign(new TiedEmbedding(parameters, table), { [Symbol.dispose]() {} }),
        { quantize: quantise },
      );
      const rows = runtime.scope(() => tied.forward(ids).toFloat32Array());
      [18, 0, 7, 7].forEach((id, i) => {
        const expected = values.slice(6 * id, 6 * id + 6);
        const largest = Math.max(...expected.map(Math.abs));
        expected.forEach((value, column) => {
          const bound = quantise ? largest / 253 : 0;
          expect(Math.abs(rows[6 * i + column]! - value)).toBeLessThanOrEqual(bound);
        });
      });
      expect(() => tied.forward(Tensor.from(runtime, [19], [1], 'i32'))).toThrow('got 19 at index 0');
      tied.dispose();
    }
    ids.dispose();
  });

  it('list all that is wrong before anything is read, and give memory back', async () => {
    const runtime = await sharedRuntime(variant);
    const { usedBytes } = runtime.memory;
    const weights = randomWeights({ q: [4, 4], k: [4, 5], 'norm.weight': [3], extra: [1], positions: [9] });
    const stream: WeightStream = {
      ...weightStream(weights),
      stream: () => Promise.reject(new Error('read')),
    };
    const parts = (parameters: ConstructorParameters<typeof Linear>[0]) => {
      const linear = new Linear(parameters, { inputs: 4, outputs: 12 });
      const norm = new LayerNorm(parameters.within('norm.'), { size: 4 });
      return {
        dispose() {
          linear.dispose();
          norm.dispose();
        },
      };
    };
    const options: StreamedOptions = {
      layout: { weight: ['q', 'k', 'v'], bias: { transposed: 'b' } },
      ignored: [/^positions$/],
    };
    await expect(streamParameters(runtime, stream, parts, options)).rejects.toThrow(
      new FormatError([
        'weights: v is missing',
        'weights: b is missing (expected shape [12])',
        'weights: norm.weight has shape [3], expected [4]',
        'weights: norm.bias is missing (expected shape [4])',
        'weights: extra is unexpected',
      ]),
    );
    await expect(
      streamParameters(runtime, stream, parts, { ...options, layout: { weight: ['q', 'k'] } }),
    ).rejects.toThrow('q has shape [4, 4], k has shape [4, 5], expected [12, 4] together');
    expect(runtime.memory.usedBytes).toBe(usedBytes);
  });

  it('give memory back when reading fails', async () => {
    const runtime = await sharedRuntime(variant);
    const { usedBytes } = runtime.memory;
    for (const quantise of [undefined, 'int8'] as const) {
      const stream: WeightStream = {
        ...weightStream(linearWeights()),
        async stream(take, options) {
          await inPieces(linearWeights(), 20).stream((name, offset, bytes) => {
            if (offset > 0) throw new Error('the line was cut');
            take(name, offset, bytes);
          }, options);
        },
      };
      await expect(streamParameters(runtime, stream, build, { quantize: quantise })).rejects.toThrow(
        'the line was cut',
      );
      expect(runtime.memory.usedBytes).toBe(usedBytes);
    }
  });

  it('cannot be trained', async () => {
    const runtime = await sharedRuntime(variant);
    using linear = await streamParameters(runtime, weightStream(linearWeights()), build);
    const x = Tensor.from(runtime, new Float32Array(7), [1, 7]);
    expect(() =>
      runtime.scope(() =>
        runtime.gradients(() => linear.forward(x).reshape([13]).slice(0, 1).reshape([]), new Map([['x', x]])),
      ),
    ).toThrow(UnsupportedError);
    x.dispose();
  });
});

describe('a frozen weight', () => {
  it('gives back the rows that were written, in any pieces, and of views', async () => {
    const runtime = await sharedRuntime(variants[0]!);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 30 }),
        fc.boolean(),
        (outputs, inputs, piece, turned) => {
          const weight = FrozenWeight.zeros(runtime, outputs, inputs);
          const values = Float32Array.from({ length: outputs * inputs }, (_, i) => i + 1);
          for (let start = 0; start < values.length; start += piece) {
            const part = values.subarray(start, start + piece);
            if (turned) weight.writeTransposed(0, outputs, start, part);
            else weight.write(start, part);
          }
          const row = new Float32Array(inputs);
          for (let i = 0; i < outputs; i++) {
            weight.readRow(i, row);
            const expected = Array.from(
              { length: inputs },
              (_, k) => (turned ? k * outputs + i : i * inputs + k) + 1,
            );
            expect(Array.from(row)).toEqual(expected);
          }
          if (outputs > 8) {
            const view = weight.slice(8, outputs);
            view.readRow(0, row);
            expect(row[0]).toBe(turned ? 9 : 8 * inputs + 1);
          }
          expect(() => weight.readRow(outputs, row)).toThrow('elements must lie within');
          expect(() => weight.write(values.length, [1])).toThrow('elements must lie within');
          expect(() => weight.slice(1, outputs)).toThrow('from a multiple of 8');
          weight.dispose();
        },
      ),
      { numRuns: 60 },
    );
  });
});

function transposed({ bytes, shape }: StoredTensor): StoredTensor {
  const [rows, columns] = shape as readonly [number, number];
  const values = new Float32Array(bytes.slice().buffer);
  const turned = Float32Array.from(
    { length: values.length },
    (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!,
  );
  return fromFloat32(turned, [columns, rows], 'F32');
}
