/** Multi-head attention's masks and cache. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { quantize } from '../../src/io/quantise.ts';
import { KeyValueCache } from '../../src/layers/keyValueCache.ts';
import {
  MultiHeadAttention,
  type MultiHeadAttentionForwardOptions,
  type ReturnedWeights,
} from '../../src/layers/multiHeadAttention.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { expectClose } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

const [BATCH, TIME, WIDTH, HEADS] = [2, 7, 12, 3];
/** Additions behind one output: a projection, a score, its softmax, its sum and the output's projection. */
const TERMS = 4 * WIDTH + 4 * TIME;

describe.each(variants)('MultiHeadAttention, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const seed = testSeed();
  const random = seededRandom(seed);
  const layer = MultiHeadAttention.create(runtime, { modelSize: WIDTH, heads: HEADS }, new Random(5));
  const values = random.normals(BATCH * TIME * WIDTH);
  const input = () => Tensor.from(runtime, values, [BATCH, TIME, WIDTH]);
  const integers = (ids: readonly number[], shape: readonly number[] = [ids.length]) =>
    Tensor.from(runtime, ids, shape, 'i32');
  /** Positions [from, to) of each row. */
  const part = (x: Tensor, from: number, to: number) => {
    const [batch, time, width] = x.shape as [number, number, number];
    const all = x.toArray();
    const rows = Array.from({ length: batch }, (_, b) => [
      ...all.slice((b * time + from) * width, (b * time + to) * width),
    ]);
    return Tensor.from(runtime, rows.flat(), [batch, to - from, width]);
  };

  it('i32 masks are additive ones of 0 and -inf, to the bit, in every shape', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          [TIME],
          [TIME, TIME],
          [HEADS, 1, TIME],
          [BATCH, 1, 1, TIME],
          [BATCH, HEADS, TIME, TIME],
        ),
        fc.boolean(),
        fc.constantFrom<ReturnedWeights>(false, 'per-head'),
        fc.integer(),
        (shape, causal, returnWeights, maskSeed) => {
          const drawn = seededRandom(maskSeed);
          const seen = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => drawn.integer(0, 1));
          const outputs = [
            integers(seen, shape),
            Tensor.from(
              runtime,
              seen.map((may) => (may ? 0 : Number.NEGATIVE_INFINITY)),
              shape,
            ),
          ].map((mask) =>
            runtime.scope(() => {
              const x = input();
              const { output, weights } = layer.forward(x, x, x, { mask, causal, returnWeights });
              mask.dispose();
              return [output.toArray(), weights?.toArray()];
            }),
          );
          expect(outputs[0]).toEqual(outputs[1]);
        },
      ),
      { seed, numRuns: 30 },
    );
  });

  it('causal joins a mask: what either hides is hidden', () => {
    runtime.scope(() => {
      const x = input();
      const seen = Array.from({ length: TIME * TIME }, () => random.integer(0, 1));
      const both = seen.map((may, i) => (i % TIME <= Math.floor(i / TIME) ? may : 0));
      const square = [TIME, TIME];
      const one = layer.forward(x, x, x, {
        causal: true,
        mask: integers(seen, square),
        returnWeights: 'mean',
      });
      const other = layer.forward(x, x, x, { mask: integers(both, square), returnWeights: 'mean' });
      expect(one.weights!.toArray()).toEqual(other.weights!.toArray());
      expect(one.output.toArray()).toEqual(other.output.toArray());
      one.weights!.toArray().forEach((weight, i) => {
        if (!both[i % (TIME * TIME)]) expect(weight).toBe(0);
      });
    });
  });

  it('a query that sees nothing attends to zeros: its output is the bias of the last projection', () => {
    runtime.scope(() => {
      const x = input();
      const bias = layer.parameters().get('out_proj.bias')!.toArray();
      for (const options of [
        { mask: integers(new Array<number>(TIME).fill(0)) },
        { lengths: integers([0, 0]) },
      ]) {
        for (const returnWeights of [false, 'mean'] as const) {
          const { output } = layer.forward(x, x, x, { ...options, returnWeights });
          expect(output.at(1).at(3).toArray()).toEqual(bias);
        }
      }
    });
  });

  it('the weights of each head add up to 1 over what is seen, and are 0 elsewhere', () => {
    runtime.scope(() => {
      const x = input();
      const lengths = [TIME, 3];
      const options = { lengths: integers(lengths), causal: true } as const;
      for (const returnWeights of ['per-head', 'mean'] as const) {
        const weights = layer.forward(x, x, x, { ...options, returnWeights }).weights!;
        const all = weights.toFloat32Array();
        const rows = all.length / TIME;
        for (let row = 0; row < rows; row++) {
          const seen = Math.min((row % TIME) + 1, lengths[Math.floor((row * BATCH) / rows)]!);
          const own = all.subarray(row * TIME, (row + 1) * TIME);
          expectClose([own.reduce((a, b) => a + b)], [1], `row ${row}`, TERMS);
          expect(own.subarray(0, seen).every((weight) => weight > 0)).toBe(true);
          expect(own.subarray(seen).every((weight) => weight === 0)).toBe(true);
        }
      }
    });
  });

  it('permuting keys and values together changes no output, and permutes the weights', () => {
    runtime.scope(() => {
      const x = input();
      const order = new Random(seed).shuffle(Array.from({ length: TIME }, (_, j) => j));
      const at = (j: number) => Math.floor(j / TIME) * TIME + order[j % TIME]!;
      const moved = Float32Array.from(
        values,
        (_, i) => values[at(Math.floor(i / WIDTH)) * WIDTH + (i % WIDTH)]!,
      );
      const memory = Tensor.from(runtime, moved, x.shape);
      for (const returnWeights of [false, 'per-head'] as const) {
        const plain = layer.forward(x, x, x, { returnWeights });
        const other = layer.forward(x, memory, memory, { returnWeights });
        expectClose(other.output.toArray(), plain.output.toArray(), 'output', TERMS);
        if (!plain.weights) continue;
        const weights = plain.weights.toArray();
        expectClose(
          other.weights!.toArray(),
          weights.map((_, i) => weights[at(i)]!),
          'weights',
          TERMS,
        );
      }
    });
  });

  it('with a cache, any split of the tokens gives what all tokens give at once', () => {
    const before = runtime.memory.usedBytes;
    for (const returnWeights of [false, 'per-head'] as const) {
      for (const step of [1, 2, 3, TIME]) {
        runtime.scope(() => {
          const x = input();
          const whole = layer.forward(x, x, x, { causal: true }).output;
          using cache = new KeyValueCache(runtime, { keySize: WIDTH, batch: BATCH, capacity: 2 });
          for (let from = 0; from < TIME; from += step) {
            const to = Math.min(TIME, from + step);
            const tokens = part(x, from, to);
            const options = { returnWeights, causal: true, cache };
            const { output, weights } = layer.forward(tokens, tokens, tokens, options);
            const what = `tokens ${from}..${to}`;
            expectClose(output.toArray(), part(whole, from, to).toArray(), what, TERMS);
            if (returnWeights) expect(weights!.shape).toEqual([BATCH, HEADS, to - from, to]);
          }
          expect(cache.length).toBe(TIME);
        });
      }
    }
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('remembered keys and values give what they give each time, to the bit, in f32 and int8', () => {
    const stored = Object.fromEntries(
      [...layer.parameters()].map(([name, tensor]) => [
        name,
        fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32'),
      ]),
    );
    const config = { modelSize: WIDTH, heads: HEADS, arithmetic: 'int8' } as const;
    using narrow = MultiHeadAttention.load(runtime, quantize(sourceOf(stored), { smallest: 1 }), config);
    for (const each of [layer, narrow]) {
      runtime.scope(() => {
        const [query, memory] = [part(input(), 0, 2), input()];
        using cache = new KeyValueCache(runtime, { batch: BATCH, keySize: WIDTH });
        each.remember(cache, memory);
        const lengths = integers([3, 7]);
        for (const returnWeights of [false, 'per-head'] as const) {
          const read = each.read(query, cache, { lengths, returnWeights });
          const whole = each.forward(query, memory, memory, { lengths, returnWeights });
          expect(read.output.toArray()).toEqual(whole.output.toArray());
          expect(read.weights?.toArray()).toEqual(whole.weights?.toArray());
        }
      });
    }
  });

  it('takes a thousand cached steps without a byte more', () => {
    using cache = new KeyValueCache(runtime, { keySize: WIDTH, batch: BATCH, capacity: 4, maxLength: 4 });
    const token = runtime.scope(() => part(input(), 0, 1));
    const step = () => runtime.scope(() => layer.forward(token, token, token, { cache }).output.toArray());
    const first = step();
    const used = runtime.memory.usedBytes;
    for (let i = 0; i < 1000; i++) {
      if (cache.length === 4) cache.truncate(0);
      const output = step();
      if (cache.length === 1) expect(output).toEqual(first);
    }
    expect(runtime.memory.usedBytes).toBe(used);
    token.dispose();
  });

  it('refuses what does not fit; a cache then holds what it held', () => {
    runtime.scope(() => {
      const x = input();
      using cache = new KeyValueCache(runtime, { keySize: WIDTH, batch: BATCH, maxLength: TIME });
      const token = part(x, 0, 1);
      layer.forward(token, token, token, { cache });
      const wrong = integers([...new Array<number>(TIME - 1).fill(1), 2]);
      const short = Tensor.zeros(runtime, [TIME - 1]);
      const floats = Tensor.zeros(runtime, [BATCH]);
      const long = integers([TIME, TIME + 1]);
      const used = runtime.memory.usedBytes;
      const refused = (error: new (message: string) => Error, message: string, run: () => unknown) => {
        expect(run).toThrow(error);
        expect(run).toThrow(message);
        expect([cache.length, runtime.memory.usedBytes]).toEqual([1, used]);
      };
      const attend =
        (options: MultiHeadAttentionForwardOptions, tokens = x) =>
        () =>
          layer.forward(tokens, tokens, tokens, options);
      refused(
        ArgumentError,
        'an i32 mask holds 1 (may be seen) and 0, got 2 at index 6',
        attend({ mask: wrong }),
      );
      refused(ShapeError, 'mask [6] must be the last axes', attend({ mask: short }));
      refused(DTypeError, 'lengths must be i32', attend({ lengths: floats }));
      refused(ArgumentError, 'lengths must lie in 0..7, got 8', attend({ lengths: long }));
      refused(ArgumentError, 'lengths must lie in 0..2, got 7', attend({ cache, lengths: long }, token));
      refused(ArgumentError, 'at most 7 positions, 8 would', attend({ cache }));
      refused(ShapeError, 'query must be [2, *, 12]', () => layer.read(x.slice(0, 1), cache));
      refused(ShapeError, 'key must be [2, *, 12]', () => layer.remember(cache, floats));
    });
    const config = { modelSize: 12, heads: 5 };
    expect(() => MultiHeadAttention.create(runtime, config, new Random(1))).toThrow(
      new ArgumentError('multiHeadAttention: heads must divide modelSize 12, got 5'),
    );
  });
});
