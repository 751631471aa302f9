/** The Transformer's stacks: what may be seen, caches, dropout, memory. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError, DisposedError, OutOfMemoryError, ShapeError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { TransformerEncoderLayer } from '../../src/layers/encoderLayer.ts';
import { Transformer, TransformerDecoder } from '../../src/layers/transformer.ts';
import { TransformerEncoder } from '../../src/layers/transformerEncoder.ts';
import { sum } from '../../src/ops/elementwise.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { expectClose } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

const [WIDTH, HEADS, WIDE, LAYERS] = [12, 3, 20, 2];
const layerConfig = { modelSize: WIDTH, heads: HEADS, feedForwardSize: WIDE };
/** Additions behind one output: three attentions and a feed-forward network in each layer, over at most 12 positions. */
const TERMS = LAYERS * (3 * (2 * WIDTH + 4 * 12) + WIDTH + WIDE);

describe.each(variants)('Transformer, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const seed = testSeed();
  const random = seededRandom(seed);
  const normals = (...shape: number[]) =>
    Tensor.from(runtime, random.normals(shape.reduce((a, b) => a * b, 1)), shape);
  const integers = (values: readonly number[], shape: readonly number[] = [values.length]) =>
    Tensor.from(runtime, values, shape, 'i32');
  /** Positions [from, to) of each row. */
  const part = (x: Tensor, from: number, to: number) => {
    const [batch, time, width] = x.shape as [number, number, number];
    const all = x.toArray();
    const rows = Array.from({ length: batch }, (_, b) => [
      ...all.slice((b * time + from) * width, (b * time + to) * width),
    ]);
    return Tensor.from(runtime, rows.flat(), [batch, to - from, width]);
  };

  describe.each([
    { normFirst: false, finalNorm: true },
    { normFirst: true, finalNorm: true },
    { normFirst: true, finalNorm: false },
  ])('normFirst $normFirst, finalNorm $finalNorm', (form) => {
    const config = { ...layerConfig, ...form, layers: LAYERS };

    it('the first outputs of a causal encoder do not change by a bit when tokens are appended', () => {
      const encoder = TransformerEncoder.create(runtime, config, new Random(1));
      fc.assert(
        fc.property(fc.integer({ min: 3, max: 12 }), fc.nat(), (length, cut) => {
          const shorter = 2 + (cut % (length - 2));
          runtime.scope(() => {
            const x = normals(2, length, WIDTH);
            const whole = part(encoder.forward(x, { mask: 'causal' }).output, 0, shorter);
            const prefix = encoder.forward(part(x, 0, shorter), { mask: 'causal' }).output;
            expect(whole.toArray()).toEqual(prefix.toArray());
          });
        }),
        { seed, numRuns: 20 },
      );
      encoder.dispose();
    });

    it('cached steps give what the whole gives; reordered rows go on as their own', () => {
      const before = runtime.memory.usedBytes;
      const decoder = TransformerDecoder.create(runtime, config, new Random(2));
      fc.assert(
        fc.property(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 1, max: 4 }), (time, step) => {
          runtime.scope(() => {
            const [x, memory] = [normals(3, time, WIDTH), normals(3, 5, WIDTH)];
            const memoryLengths = integers([5, 0, 3]);
            const options = { mask: 'causal', memoryLengths, returnCrossWeights: 'mean' } as const;
            const whole = decoder.forward(x, memory, options);
            const rows = [2, 0, 0, 1];
            using cache = decoder.remember(memory, memoryLengths, { capacity: 2 });
            for (let from = 0; from < time; from += step) {
              const to = Math.min(time, from + step);
              let tokens = part(x, from, to);
              const chosen = from === 0 ? [0, 1, 2] : rows;
              const choose = (y: Tensor) => chosen.flatMap((row) => [...y.at(row).toArray()]);
              tokens = Tensor.from(runtime, choose(tokens), [chosen.length, to - from, WIDTH]);
              const { output, weights } = decoder.step(tokens, cache, { returnWeights: true });
              expectClose(output.toArray(), choose(part(whole.output, from, to)), 'output', TERMS);
              const map = whole.crossWeights!.at(-1)!;
              expectClose(weights!.toArray(), choose(part(map, from, to)), 'weights', TERMS);
              if (from === 0) cache.select(rows);
            }
            expect([cache.length, cache.batch]).toEqual([time, 4]);
          });
        }),
        { seed, numRuns: 20 },
      );
      decoder.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });

    it("a causal encoder's cached steps give what the whole gives, of rows that differ in length", () => {
      const before = runtime.memory.usedBytes;
      const encoder = TransformerEncoder.create(runtime, config, new Random(5));
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 3, maxLength: 3 }), (prompts) => {
          runtime.scope(() => {
            const x = normals(3, 9, WIDTH);
            const whole = encoder.forward(x, { mask: 'causal', returnWeights: 'mean' });
            const map = whole.weights!.at(-1)!;
            using cache = encoder.createCache(runtime, { batch: 3, capacity: 2 });
            const prompt = encoder.step(part(x, 0, 5), cache, { returnWeights: true });
            expectClose(prompt.output.toArray(), part(whole.output, 0, 5).toArray(), 'prompts', TERMS);
            cache.truncate(prompts);
            const chosen = [2, 0, 0, 1];
            cache.select(chosen);
            for (let step = 0; step < 4; step++) {
              const at = chosen.map((row) => prompts[row]! + step);
              const token = (y: Tensor, row: number, t: number) => y.at(row).at(t).toArray();
              const tokens = chosen.flatMap((row, i) => [...token(x, row, at[i]!)]);
              const { output, weights } = encoder.step(Tensor.from(runtime, tokens, [4, 1, WIDTH]), cache, {
                returnWeights: true,
              });
              const held = Math.max(...at) + 1;
              expect(weights!.shape).toEqual([4, 1, held]);
              chosen.forEach((row, i) => {
                const [own, seen] = [output.at(i).toArray(), weights!.at(i).toArray()];
                expectClose(own, token(whole.output, row, at[i]!), 'output', TERMS);
                expectClose(seen, token(map, row, at[i]!).slice(0, held), 'weights', TERMS);
              });
            }
            expect(cache.lengths).toEqual(chosen.map((row) => prompts[row]! + 4));
          });
        }),
        { seed, numRuns: 20 },
      );
      encoder.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });

    it('padding changes nothing: neither garbage in it nor its length', () => {
      const model = Transformer.create(
        runtime,
        { ...config, encoderLayers: 2, decoderLayers: 1 },
        new Random(3),
      );
      runtime.scope(() => {
        const [source, target] = [normals(1, 3, WIDTH), normals(1, 4, WIDTH)];
        const padded = (garbage: number, more: number) => {
          const values = [...source.toArray(), ...random.normals(more * WIDTH, garbage)];
          const x = Tensor.from(runtime, values, [1, 3 + more, WIDTH]);
          return model.forward(x, target, { source: { lengths: integers([3]) }, target: { causal: true } });
        };
        const plain = model.forward(source, target, { target: { causal: true } }).output.toArray();
        expect(padded(1, 2).output.toArray()).toEqual(padded(1e3, 2).output.toArray());
        expectClose(padded(1, 6).output.toArray(), plain, 'padded', TERMS);
      });
      model.dispose();
    });
  });

  it('returns the weights of each layer, by head or their mean', () => {
    using model = Transformer.create(
      runtime,
      { ...layerConfig, encoderLayers: 3, decoderLayers: 2 },
      new Random(4),
    );
    runtime.scope(() => {
      const [source, target] = [normals(2, 5, WIDTH), normals(2, 4, WIDTH)];
      const result = model.forward(source, target, {
        source: { returnWeights: 'mean' },
        target: { mask: 'causal', returnSelfWeights: 'per-head', returnCrossWeights: 'mean' },
      });
      const shapes = (maps?: readonly Tensor[]) => maps?.map(({ shape }) => shape);
      expect(shapes(result.encoderWeights)).toEqual(new Array(3).fill([2, 5, 5]));
      expect(shapes(result.selfWeights)).toEqual(new Array(2).fill([2, HEADS, 4, 4]));
      expect(shapes(result.crossWeights)).toEqual(new Array(2).fill([2, 4, 5]));
      const plain = model.forward(source, target, { target: { mask: 'causal' } });
      expect([plain.encoderWeights, plain.selfWeights, plain.crossWeights]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    });
  });

  it('drops only while gradients are recorded, the same for the same seed', () => {
    using layer = TransformerEncoderLayer.create(runtime, { ...layerConfig, dropout: 0.5 }, new Random(6));
    runtime.scope(() => {
      const x = normals(2, 3, WIDTH);
      const outputOf = (dropSeed: number | undefined) => {
        let output: ArrayLike<number> = [];
        runtime.gradients(() => {
          const dropSeeds = dropSeed === undefined ? undefined : new Random(dropSeed);
          const result = layer.forward(x, { random: dropSeeds }).output;
          output = result.toArray();
          return sum(result);
        }, layer.parameters());
        return output;
      };
      const plain = layer.forward(x).output.toArray();
      expect(layer.forward(x, { random: new Random(1) }).output.toArray()).toEqual(plain);
      expectClose(outputOf(undefined), plain, 'without a generator', TERMS);
      expect(outputOf(1)).toEqual(outputOf(1));
      expect(outputOf(1)).not.toEqual(outputOf(2));
      expect(outputOf(1)).not.toEqual(plain);
    });
  });

  it('loads its own parameters; without final norms there are none', () => {
    const config = { ...layerConfig, encoderLayers: 1, decoderLayers: 1, finalNorm: false };
    using model = Transformer.create(runtime, config, new Random(7));
    expect([...model.parameters().keys()].filter((name) => /coder\.norm/.test(name))).toEqual([]);
    const stored = [...model.parameters()].map(
      ([name, tensor]) => [`m.${name}`, fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32')] as const,
    );
    const source = sourceOf(Object.fromEntries(stored));
    using loaded = Transformer.load(runtime, source, { ...config, prefix: 'm.' });
    runtime.scope(() => {
      const [x, y] = [normals(1, 3, WIDTH), normals(1, 2, WIDTH)];
      expect(loaded.forward(x, y).output.toArray()).toEqual(model.forward(x, y).output.toArray());
    });
  });

  it('takes a thousand cached steps in the memory of the first ones', () => {
    using decoder = TransformerDecoder.create(runtime, { ...layerConfig, layers: 2 }, new Random(8));
    runtime.scope(() => {
      const [token, memory] = [normals(2, 1, WIDTH), normals(2, 5, WIDTH)];
      using cache = decoder.remember(memory, undefined, { capacity: 8, maxLength: 8 });
      const step = () => {
        runtime.scope(() => {
          decoder.step(token, cache, { returnWeights: true });
        });
      };
      step();
      const used = runtime.memory.usedBytes;
      for (let i = 0; i < 1000; i++) {
        if (cache.length === 8) cache.truncate(0);
        step();
      }
      expect(runtime.memory.usedBytes).toBe(used);
    });
  });

  it('refuses what does not fit, leaves caches as they were, and leaks nothing', async () => {
    const before = runtime.memory.usedBytes;
    const random1 = new Random(1);
    const create = (config: Partial<Parameters<typeof TransformerEncoder.create>[1]>) => () =>
      TransformerEncoder.create(runtime, { ...layerConfig, layers: 1, ...config }, random1);
    expect(create({ layers: 0 })).toThrow(
      new ArgumentError('transformer: layers must be a positive integer, got 0'),
    );
    expect(create({ heads: 5 })).toThrow(
      new ArgumentError('multiHeadAttention: heads must divide modelSize 12, got 5'),
    );
    expect(create({ dropout: 1 })).toThrow(
      new ArgumentError('transformerEncoderLayer: dropout must lie in [0, 1), got 1'),
    );
    const decoder = TransformerDecoder.create(runtime, { ...layerConfig, layers: 2 }, random1);
    runtime.scope(() => {
      const [token, memory] = [normals(2, 1, WIDTH), normals(2, 5, WIDTH)];
      expect(() => decoder.forward(token, memory.slice(0, 1))).toThrow(ShapeError);
      expect(() => decoder.forward(token, memory, { memoryLengths: integers([5, 6]) })).toThrow(
        new ArgumentError('attention: lengths must lie in 0..5, got 6 at index 1'),
      );
      expect(() => decoder.forward(token, memory, { memoryMask: integers([1, 1]) })).toThrow(ShapeError);
      expect(() => decoder.forward(token, memory, { memoryMask: integers([1, 1, 1, 1, 3]) })).toThrow(
        ArgumentError,
      );
      expect(() => decoder.remember(memory, integers([5, 9]))).toThrow(
        new ArgumentError('transformerDecoder.remember: lengths must lie in 0..5, got 9 at index 1'),
      );
      // The fault shows in the first layer's cross-attention, after its own cache has taken the token.
      using cache = decoder.remember(memory, integers([5, 4]));
      cache.layers[0]!.memory.dispose();
      expect(() => decoder.step(token, cache)).toThrow(DisposedError);
      expect(cache.length).toBe(0);
      expect(() => cache.select([2])).toThrow(ArgumentError);
    });
    decoder.dispose();
    const encoder = create({ layers: 2 })();
    runtime.scope(() => {
      using cache = encoder.createCache(runtime, { batch: 2, maxLength: 3 });
      encoder.step(normals(2, 2, WIDTH), cache);
      expect(() => encoder.step(normals(2, 2, WIDTH), cache)).toThrow(
        new ArgumentError('keyValueCache: holds at most 3 positions, 4 would be needed'),
      );
      cache.truncate([2, 1]);
      expect(() => encoder.step(normals(2, 2, WIDTH), cache)).toThrow(
        new ArgumentError('transformerEncoder: rows of different lengths take one position at a time, got 2'),
      );
      expect(() => encoder.step(normals(1, 1, WIDTH), cache)).toThrow(ShapeError);
      expect([cache.batch, cache.lengths]).toEqual([2, [2, 1]]);
      // The second layer has no room, after the first has taken the token.
      cache.truncate(0);
      const full = { tensor: normals(2, 3, WIDTH) };
      cache.layers[1]!.append(full, full);
      expect(() => encoder.step(normals(2, 1, WIDTH), cache)).toThrow(ArgumentError);
      expect(cache.lengths).toEqual([0, 0]);
    });
    encoder.dispose();
    expect(runtime.memory.usedBytes).toBe(before);

    using small = await createRuntime({ variant, maxMemoryBytes: 4 << 20 });
    using tight = TransformerDecoder.create(small, { ...layerConfig, layers: 2 }, random1);
    const memory = Tensor.zeros(small, [1, 4, WIDTH]);
    // Packs the weights.
    tight.remember(memory).dispose();
    const used = small.memory.usedBytes;
    expect(() => tight.remember(memory, undefined, { capacity: 1 << 15 })).toThrow(OutOfMemoryError);
    expect(small.memory.usedBytes).toBe(used);

    // The second layer's is what does not fit.
    using narrow = TransformerEncoder.create(small, { ...layerConfig, layers: 2 }, random1);
    const usedToo = small.memory.usedBytes;
    expect(() => narrow.createCache(small, { batch: 1, capacity: 1 << 15 })).toThrow(OutOfMemoryError);
    expect(small.memory.usedBytes).toBe(usedToo);
  });
});
