import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { toFloat32, toInt32 } from '../../src/io/conversion.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { type RotaryOptions, rotary, rotaryTable } from '../../src/ops/rotary.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { rotary as reference, rotaryAngles } from '../reference/rotary.ts';
import { checkOp, expectClose, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { torchCases } from '../support/torchFixtures.ts';

const ONNX = new URL('../../../shared/data/onnx-node/', import.meta.url);
const CASES = 6;

interface Row {
  readonly case: string;
  readonly op: string;
  readonly attributes: Readonly<Record<string, number>>;
}

const present = existsSync(new URL('index.json', ONNX));
const read = (name: string) => readFileSync(new URL(name, ONNX));
const index: Row[] = present ? JSON.parse(read('index.json').toString()) : [];
const source = present ? readSafetensors(read('cases.safetensors')) : undefined;
const onnxCases = index.filter(({ op }) => op === 'RotaryEmbedding');
afterAll(() => {
  if (!present) console.log(`SKIPPED: ../shared/data is absent, ${CASES} cases of ONNX's RotaryEmbedding`);
});

/** [batch, heads, time, size] as [batch, time, heads, size], or back: the middle axes change places. */
function turned(values: Float32Array, [, outer, inner, size]: readonly number[]): Float32Array {
  const [rows, columns, width] = [outer!, inner!, size!];
  return values.map((_, i) => {
    const [b, rest] = [Math.floor(i / (rows * columns * width)), i % (rows * columns * width)];
    const [column, row] = [Math.floor(rest / (rows * width)), Math.floor(rest / width) % rows];
    return values[((b * rows + row) * columns + column) * width + (i % width)]!;
  });
}

torchCases('layers', ['rope'], (fixture) => {
  const { runtime } = fixture;
  const { head_dim, base } = fixture.row.ctor as Record<string, number>;
  const shape = fixture.stored('in.q').shape as readonly [number, number, number, number];
  const [batch, heads, time, size] = shape;
  const x = Tensor.from(runtime, turned(fixture.floats('in.q'), shape), [batch, time, heads * size]);
  const table = rotaryTable(runtime, time, head_dim!, base);
  for (const [name, pairing] of [
    ['neox', 'halves'],
    ['gptj', 'interleaved'],
  ] as const) {
    const y = rotary(x, { heads, table, pairing }).toFloat32Array();
    fixture.expectEqual('out', name, turned(y, [batch, time, heads, size]));
  }
});

describe.each(variants)("ONNX's RotaryEmbedding, %s", (variant) => {
  it('finds its cases', (context) => {
    if (!present) return context.skip();
    expect(onnxCases.length).toBe(CASES);
  });

  it.each(onnxCases.map((row) => [row.case, row] as const))('%s', async (name, { attributes }) => {
    const runtime = await sharedRuntime(variant);
    runtime.scope(() => {
      const stored = (input: string) => source!.get(`${name}/${input}`);
      const { shape } = stored('in.input')!;
      const split = shape.length === 4;
      const heads = split ? shape[1]! : attributes.num_heads!;
      const [batch, time] = [shape[0]!, shape.at(-2)!];
      const width = split ? heads * shape[3]! : shape[2]!;
      const ours = (values: Float32Array) => (split ? turned(values, shape) : values);
      const ids = stored('in.position_ids');
      // Without ids, each row has angles of its own: positions in one long table.
      const positions = Tensor.from(
        runtime,
        ids ? toInt32(ids) : Array.from({ length: batch * time }, (_, i) => i),
        [batch, time],
        'i32',
      );
      const tableOf = (input: string) => {
        const cache = stored(input)!;
        const pairs = cache.shape.at(-1)!;
        const values = toFloat32(cache);
        return Tensor.from(runtime, values, [values.length / pairs, pairs]);
      };
      const y = rotary(Tensor.from(runtime, ours(toFloat32(stored('in.input')!)), [batch, time, width]), {
        heads,
        table: { cosine: tableOf('in.cos_cache'), sine: tableOf('in.sin_cache') },
        pairing: attributes.interleaved ? 'interleaved' : 'halves',
        positions,
      });
      expectClose(y.toArray(), ours(toFloat32(stored('out.output')!)), 'output');
    });
  });
});

describe.each(variants)('rotary, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  it.each([
    { pairing: 'halves', rotated: 6, offset: 0 },
    { pairing: 'interleaved', rotated: 6, offset: 2 },
    { pairing: 'halves', rotated: 4, offset: 3 },
    { pairing: 'interleaved', rotated: 2, offset: 0 },
    { pairing: 'interleaved', rotated: 0, offset: 0 },
  ] as const)('turns $rotated of 7 elements of a head, $pairing, and differentiates', (shape) => {
    const { pairing, rotated, offset } = shape;
    const [batch, time, heads, size] = [2, 3, 2, 7];
    const x = normal(random, [batch, time, heads * size]);
    const table = rotaryTable(runtime, 6, rotated, 100);
    const angles = rotaryAngles(6, rotated, 100);
    expectClose(table.cosine.toArray(), angles[0], 'cosines');
    expectClose(table.sine.toArray(), angles[1], 'sines');
    const extents = { rows: batch * time, heads, size, rotated, interleaved: pairing === 'interleaved' };
    for (const ids of [undefined, [5, 0, 3, 1, 1, 2]]) {
      const positions = ids && Tensor.from(runtime, ids, [batch, time], 'i32');
      const at = ids ?? Array.from({ length: batch * time }, (_, i) => offset + (i % time));
      checkOp(runtime, {
        inputs: { x },
        op: (t) => rotary(t.x, { heads, table, pairing, offset, positions }),
        reference: (t) => reference(t.x, ...angles, at, extents),
      });
      positions?.dispose();
    }
    table.cosine.dispose();
    table.sine.dispose();
  });

  it('scores of turned queries and keys depend on their distance alone', () => {
    runtime.scope(() => {
      const table = rotaryTable(runtime, 40, 8);
      const [query, key] = [normal(random, [1, 1, 8]), normal(random, [1, 1, 8])].map(({ values }) =>
        Tensor.from(runtime, values, [1, 1, 8]),
      ) as [Tensor, Tensor];
      const score = (i: number, j: number) => {
        const [q, k] = [
          rotary(query, { heads: 1, table, offset: i }),
          rotary(key, { heads: 1, table, offset: j }),
        ];
        const values = k.toArray();
        return q.toFloat32Array().reduce((total, v, d) => total + v * values[d]!, 0);
      };
      for (const shift of [1, 7, 30]) expectClose([score(5 + shift, 2 + shift)], [score(5, 2)], 'score', 64);
    });
  });

  it('refuses what does not fit', () => {
    runtime.scope(() => {
      const x = Tensor.zeros(runtime, [2, 3, 8]);
      const table = rotaryTable(runtime, 4, 4);
      const wide = rotaryTable(runtime, 4, 6);
      const far = Tensor.from(runtime, [0, 1, 2, 3, 4, 0], [2, 3], 'i32');
      const floats = Tensor.zeros(runtime, [2, 3]);
      const used = runtime.memory.usedBytes;
      const refused = (
        error: new (message: string) => Error,
        message: string,
        options: Partial<RotaryOptions>,
        of = x,
      ) => {
        const run = () => rotary(of, { heads: 2, table, ...options });
        expect(run).toThrow(error);
        expect(run).toThrow(message);
      };
      refused(ArgumentError, "rotary: heads must divide x's width 8, got 3", { heads: 3 });
      refused(ShapeError, 'rotary: a head has 4 elements, the table [4, 3] 3 pairs', { table: wide });
      refused(ArgumentError, 'positions must lie in 0..3, got 3 of them from 2 on', { offset: 2 });
      refused(ArgumentError, 'rotary: positions: ids must lie in 0..3, got 4 at index 4', { positions: far });
      refused(DTypeError, 'positions must be i32', { positions: floats });
      refused(ShapeError, 'rotary: sine must be [4, 2], got [4, 3]', {
        table: { cosine: table.cosine, sine: wide.sine },
      });
      refused(ArgumentError, 'pairing must be halves or interleaved, got quarters', {
        pairing: 'quarters' as unknown as 'halves',
      });
      refused(ShapeError, 'rotary: x must be [*, *, *], got [3, 8]', {}, x.at(0));
      expect(() => rotaryTable(runtime, 4, 3)).toThrow(
        new ArgumentError('rotaryTable: size must be even, got 3'),
      );
      expect(runtime.memory.usedBytes).toBe(used);
    });
  });
});
