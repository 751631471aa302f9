import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradients as differentiate } from '../../src/autograd/tape.ts';
import {
  ArgumentError,
  DTypeError,
  OutOfMemoryError,
  ShapeError,
  UnsupportedError,
} from '../../src/errors.ts';
import { type AttentionOptions, attention, attentionScratchBytes } from '../../src/ops/attention.ts';
import { sum } from '../../src/ops/elementwise.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { type AttentionShape, attention as reference } from '../reference/attention.ts';
import { checkOp, expectClose, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

/** A small attention problem. */
const problems = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    keyValueHeads: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 3 }),
    queries: fc.integer({ min: 1, max: 20 }),
    keys: fc.integer({ min: 1, max: 140 }),
    size: fc.integer({ min: 1, max: 9 }),
    valueSize: fc.integer({ min: 1, max: 9 }),
    seed: fc.integer(),
  })
  .map(({ group, ...rest }) => ({ ...rest, heads: group * rest.keyValueHeads }));
type Problem = Omit<AttentionShape, 'scale'> & { seed: number };

/** Seeded values of query, key and value. */
function valuesOf({ batch, heads, keyValueHeads, queries, keys, size, valueSize, seed }: Problem) {
  const random = seededRandom(seed);
  return [
    random.normals(batch * queries * heads * size, 1.5),
    random.normals(batch * keys * keyValueHeads * size, 1.5),
    random.normals(batch * keys * keyValueHeads * valueSize),
  ] as const;
}

describe.each(variants)('attention, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const seed = testSeed();
  const random = seededRandom(seed);
  const f32 = (values: ArrayLike<number>, shape: number[]) => Tensor.from(runtime, values, shape);
  const lengthsOf = (lengths: readonly number[]) => Tensor.from(runtime, lengths, [lengths.length], 'i32');

  function tensorsOf(p: Problem, [q, k, v] = valuesOf(p)): [Tensor, Tensor, Tensor] {
    return [
      f32(q, [p.batch, p.queries, p.heads * p.size]),
      f32(k, [p.batch, p.keys, p.keyValueHeads * p.size]),
      f32(v, [p.batch, p.keys, p.keyValueHeads * p.valueSize]),
    ];
  }
  /** The output as an array; all tensors freed. */
  function outputOf(p: Problem, options: Partial<AttentionOptions> = {}, values = valuesOf(p)): Float32Array {
    const { heads, keyValueHeads } = p;
    return runtime.scope(() =>
      attention(...tensorsOf(p, values), { heads, keyValueHeads, ...options }).output.toFloat32Array(),
    );
  }

  it('equals the reference, fused and with weights', () => {
    fc.assert(
      fc.property(problems, fc.boolean(), (p, causal) => {
        const shape = {
          ...p,
          scale: 1 / Math.sqrt(p.size),
          firstVisible: causal ? 1 + p.keys - p.queries : p.keys,
        };
        const expected = reference(...valuesOf(p), shape);
        expectClose(outputOf(p, { causal }), expected.output, 'fused', 4 * p.keys);
        runtime.scope(() => {
          const { heads, keyValueHeads } = p;
          const options = { heads, keyValueHeads, causal, returnWeights: true } as const;
          const { output, weights } = attention(...tensorsOf(p), options);
          expect(weights.shape).toEqual([p.batch, p.heads, p.queries, p.keys]);
          expectClose(output.toArray(), expected.output, 'unfused', 4 * p.keys);
          expectClose(weights.toArray(), expected.weights, 'weights', 4 * p.keys);
        });
      }),
      { seed, numRuns: 60 },
    );
  });

  it('hides by lengths and additive masks of every broadcast shape', () => {
    const extents = { batch: 2, heads: 4, keyValueHeads: 2, queries: 3, keys: 5, size: 3, valueSize: 2 };
    const p = { ...extents, seed };
    const full = [p.batch, p.heads, p.queries, p.keys];
    for (const shape of [
      [5],
      [3, 5],
      [1, 5],
      [4, 3, 5],
      [2, 1, 1, 5],
      [2, 4, 3, 5],
      [2, 1, 3, 5],
      [1, 4, 1, 5],
    ]) {
      const values = normal(random, shape).values.map((v) => (v > 0.7 ? -Infinity : v));
      const at = (...index: number[]): number => {
        const own = index.slice(4 - shape.length).map((i, axis) => (shape[axis] === 1 ? 0 : i));
        return values[own.reduce((offset, i, axis) => offset * shape[axis]! + i, 0)]!;
      };
      const lengths = [4, 0];
      const expected = reference(...valuesOf(p), { ...p, scale: 0.5, lengths, mask: at });
      runtime.scope(() => {
        const mask = f32(values, shape);
        const options = { heads: 4, keyValueHeads: 2, scale: 0.5, mask, lengths: lengthsOf(lengths) };
        expectClose(attention(...tensorsOf(p), options).output.toArray(), expected.output, `mask [${shape}]`);
        const seen = attention(...tensorsOf(p), { ...options, returnWeights: true });
        expectClose(seen.output.toArray(), expected.output, `mask [${shape}], unfused`);
        expectClose(seen.weights.toArray(), expected.weights, `weights under mask [${shape}] of [${full}]`);
      });
    }
  });

  it('causal: the first outputs do not change by a bit when tokens are appended', () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: 2, max: 150 }), fc.nat(), (drawn, length, cut) => {
        const p = { ...drawn, batch: 1, queries: length, keys: length };
        const shorter = 2 + (cut % (length - 1));
        const [q, k, v] = valuesOf(p);
        const part = (x: Float32Array) => x.subarray(0, (x.length / length) * shorter);
        const whole = outputOf(p, { causal: true }, [q, k, v]);
        const prefix = outputOf({ ...p, queries: shorter, keys: shorter }, { causal: true }, [
          part(q),
          part(k),
          part(v),
        ]);
        expect(whole.subarray(0, prefix.length)).toEqual(prefix);
      }),
      { seed, numRuns: 40 },
    );
  });

  it('does not depend on the order of keys and values', () => {
    fc.assert(
      fc.property(problems, (p) => {
        const [q, k, v] = valuesOf(p);
        const reversed = (x: Float32Array) => {
          const rows = p.batch * p.keys;
          const width = x.length / rows;
          return Float32Array.from(x, (_, i) => {
            const row = Math.floor(i / width);
            const [b, j] = [Math.floor(row / p.keys), row % p.keys];
            return x[(b * p.keys + p.keys - 1 - j) * width + (i % width)]!;
          });
        };
        expectClose(outputOf(p, {}, [q, reversed(k), reversed(v)]), outputOf(p), 'reversed', 4 * p.keys);
      }),
      { seed, numRuns: 40 },
    );
  });

  it('decodes with a cache as it attends to the whole', () => {
    const p = { batch: 2, heads: 4, keyValueHeads: 2, queries: 9, keys: 9, size: 5, valueSize: 6, seed };
    const [q, k, v] = valuesOf(p);
    const whole = outputOf(p, { causal: true });
    const capacity = 16;
    runtime.scope(() => {
      const cache = (x: Float32Array, width: number) => {
        const rows = new Float32Array(2 * capacity * width).fill(Number.NaN);
        for (const b of [0, 1])
          rows.set(x.subarray(b * 9 * width, (b + 1) * 9 * width), b * capacity * width);
        return f32(rows, [2, capacity, width]);
      };
      const [keys, values, query] = [cache(k, 10), cache(v, 12), cache(q, 20)];
      for (const [from, to] of [
        [0, 1],
        [3, 4],
        [8, 9],
        [0, 9],
      ] as const) {
        const queryPart = f32(
          [0, 1].flatMap((b) => [
            ...query.toFloat32Array().subarray((b * capacity + from) * 20, (b * capacity + to) * 20),
          ]),
          [2, to - from, 20],
        );
        const rows = to;
        const options = { heads: 4, keyValueHeads: 2, causal: true };
        const { output } = attention(queryPart, { tensor: keys, rows }, { tensor: values, rows }, options);
        const expected = [0, 1].flatMap((b) => [...whole.subarray((b * 9 + from) * 24, (b * 9 + to) * 24)]);
        expectClose(output.toArray(), expected, `tokens ${from}..${to}`);
      }
    });
  });

  it('differentiates, also through parts of one projection', () => {
    const p = { batch: 2, heads: 4, keyValueHeads: 2, queries: 3, keys: 3, size: 2, valueSize: 3 };
    const rows = normal(random, [2, 3, 8 + 4 + 6]);
    const mask = normal(random, [4, 3, 3]);
    const columns = (x: ArrayLike<number>, from: number, to: number) =>
      Array.from(
        { length: 6 * (to - from) },
        (_, i) => x[Math.floor(i / (to - from)) * 18 + from + (i % (to - from))]!,
      );
    checkOp(runtime, {
      inputs: { rows },
      op: (t) => {
        const part = (from: number, to: number) => ({ tensor: t.rows, from, to });
        const options = {
          heads: 4,
          keyValueHeads: 2,
          causal: true,
          mask: f32(mask.values, mask.shape as number[]),
        };
        const { output, weights } = attention(part(0, 8), part(8, 12), part(12, 18), {
          ...options,
          returnWeights: true,
        });
        return [output, weights];
      },
      reference: (t) => {
        const at = (_: number, h: number, i: number, j: number) => mask.values[(h * 3 + i) * 3 + j]!;
        const shape = { ...p, scale: 1 / Math.sqrt(2), firstVisible: 1, mask: at };
        const { output, weights } = reference(
          columns(t.rows, 0, 8),
          columns(t.rows, 8, 12),
          columns(t.rows, 12, 18),
          shape,
        );
        return [output, weights];
      },
    });
  });

  it('refuses a gradient through the mask', () => {
    runtime.scope(() => {
      const x = Tensor.zeros(runtime, [1, 2, 2]);
      const mask = Tensor.zeros(runtime, [2, 2]);
      const loss = () => sum(attention(x, x, x, { heads: 1, mask }).output);
      expect(() => differentiate(runtime, loss, new Map([['mask', mask]]))).toThrow(UnsupportedError);
    });
  });

  it('needs memory that grows with the length, not its square', async () => {
    const bytes = (length: number) => attentionScratchBytes(length, length, 8, 8);
    expect(bytes(8192) - bytes(4096)).toBe(2 * (bytes(4096) - bytes(2048)));
    // Where the weights, 64 MiB, have no room.
    const small = await createRuntime({ variant, maxMemoryBytes: 8 << 20 });
    const x = Tensor.zeros(small, [1, 4096, 8]);
    expect(attention(x, x, x, { heads: 1 }).output.at(0).at(4095).toFloat32Array()).toEqual(
      new Float32Array(8),
    );
    expect(() => attention(x, x, x, { heads: 1, returnWeights: true })).toThrow(OutOfMemoryError);
    small.dispose();
  });

  it('refuses what does not fit, before it allocates', () => {
    runtime.scope(() => {
      const zeros = (...shape: number[]) => Tensor.zeros(runtime, shape);
      const x = zeros(2, 3, 8);
      const integers = Tensor.zeros(runtime, [2, 3, 8], 'i32');
      const masks = [zeros(3, 4), zeros(3, 3, 3), zeros(1, 2, 2, 3, 3)];
      const before = runtime.memory.usedBytes;
      const refused = (error: new (message: string) => Error, part: string, run: () => unknown) => {
        expect(run).toThrow(error);
        expect(run).toThrow(part);
      };
      refused(ShapeError, 'attention: query must be [*, *, *], got [6, 8]', () =>
        attention(x.reshape([6, 8]), x, x, { heads: 2 }),
      );
      refused(ArgumentError, 'got 3 and 2', () => attention(x, x, x, { heads: 3, keyValueHeads: 2 }));
      refused(ShapeError, "query's width", () => attention(x, x, x, { heads: 3 }));
      refused(ShapeError, 'differ in size', () => attention(x, x, x, { heads: 4, keyValueHeads: 2 }));
      refused(ShapeError, 'key 1', () => attention(x, x.slice(0, 1), x, { heads: 2 }));
      refused(DTypeError, 'value must be f32', () => attention(x, x, integers, { heads: 2 }));
      refused(ArgumentError, 'columns 4..9', () =>
        attention({ tensor: x, from: 4, to: 9 }, x, x, { heads: 2 }),
      );
      refused(ArgumentError, 'takes 4 rows', () => attention(x, { tensor: x, rows: 4 }, x, { heads: 2 }));
      refused(ArgumentError, 'past', () => attention(x, x, x, { heads: 2, causal: true, past: 0.5 }));
      for (const mask of masks) refused(ShapeError, 'mask', () => attention(x, x, x, { heads: 2, mask }));
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });
});
