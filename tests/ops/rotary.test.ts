import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { type RotaryOptions, rotary, rotaryTable } from '../../src/ops/rotary.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { rotary as reference, rotaryAngles } from '../reference/rotary.ts';
import { checkOp, expectClose, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

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
      for (const base of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(() => rotaryTable(runtime, 4, 4, base)).toThrow(
          new ArgumentError(`rotaryTable: base must be positive and finite, got ${base}`),
        );
      }
      expect(() => rotaryTable(runtime, 4, 3)).toThrow(
        new ArgumentError('rotaryTable: size must be even, got 3'),
      );
      expect(runtime.memory.usedBytes).toBe(used);
    });
  });
});
