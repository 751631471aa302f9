import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { scale } from '../../src/ops/elementwise.ts';
import { gruCell, gruSequence } from '../../src/ops/gru.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import * as reference from '../reference/gru.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('GRU ops, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  // The op overwrites its gates: each call gets a copy, as from the projection before it.
  const copy = (x: Tensor): Tensor => scale(x, 1);

  it.each([
    [1, 1],
    [3, 5],
    [2, 16],
    [5, 13],
    [0, 4],
    [3, 0],
  ])('gruCell: batch %i, hidden %i', (batch, hidden) => {
    const inputs = {
      projected: normal(random, [batch, 3 * hidden]),
      products: normal(random, [batch, 3 * hidden]),
      h: normal(random, [batch, hidden]),
    };
    for (const constant of [[], ['projected', 'h'], ['products']] as const) {
      checkOp(runtime, {
        inputs,
        constant,
        op: (t) => gruCell(t.projected, t.products, t.h),
        reference: (t) => reference.gruCell(t.projected, t.products, t.h, batch, hidden).hidden,
      });
    }
  });

  it('gruCell may be given its projections twice, and keeps them', () => {
    const inputs = {
      projected: normal(random, [2, 9]),
      products: normal(random, [2, 9]),
      h: normal(random, [2, 3]),
    };
    checkOp(runtime, {
      inputs,
      op: (t) => gruCell(t.projected, t.products, gruCell(t.projected, t.products, t.h)),
      reference: (t) => {
        const step = (h: ArrayLike<number>) => reference.gruCell(t.projected, t.products, h, 2, 3).hidden;
        return step(step(t.h));
      },
    });
  });

  it('gruCell refuses what does not fit, and keeps no memory then', () => {
    runtime.scope(() => {
      const zeros = (...shape: number[]) => Tensor.zeros(runtime, shape);
      const [projected, hidden, wide, flat, integers] = [
        zeros(2, 9),
        zeros(2, 3),
        zeros(2, 8),
        zeros(6),
        Tensor.zeros(runtime, [2, 9], 'i32'),
      ];
      const before = runtime.memory.usedBytes;
      const refuses = (run: () => unknown, error: Error) => expect(run).toThrow(error);
      refuses(
        () => gruCell(wide, projected, hidden),
        new ShapeError('gruCell: projected must be [2, 9], got [2, 8]'),
      );
      refuses(
        () => gruCell(projected, wide, hidden),
        new ShapeError('gruCell: products must be [2, 9], got [2, 8]'),
      );
      refuses(
        () => gruCell(projected, projected, flat),
        new ShapeError('gruCell: previousHidden must be [*, *], got [6]'),
      );
      refuses(
        () => gruCell(projected, integers, hidden),
        new DTypeError('gruCell: products must be f32, got i32'),
      );
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });

  describe.each([false, true])('reverse: %s', (reverse) => {
    it.each([
      [1, 1, 1, undefined],
      [2, 4, 3, undefined],
      [3, 5, 5, [5, 0, 2]],
      [2, 3, 8, [1, 3]],
      [5, 2, 4, [2, 1, 0, 2, 1]],
      [0, 3, 4, undefined],
      [2, 0, 4, undefined],
      [2, 0, 4, [0, 0]],
    ])('batch %i, time %i, hidden %i, lengths %j', (batch, time, hidden, lengths) => {
      const inputs = {
        projected: normal(random, [batch, time, 3 * hidden]),
        weight: normal(random, [3 * hidden, hidden], 0.5),
        bias: normal(random, [3 * hidden]),
        h: normal(random, [batch, hidden]),
      };
      const shape = { batch, time, hidden, reverse, lengths: lengths ?? null };
      const tensorOf = () => lengths && Tensor.from(runtime, lengths, [batch], 'i32');
      for (const constant of [[], ['weight', 'h'], ['projected', 'bias'], ['bias']] as const) {
        checkOp(runtime, {
          inputs,
          constant,
          op: (t, own) => {
            const weight = own(new PackedWeight(t.weight));
            const options = { bias: t.bias, lengths: tensorOf(), state: { hidden: t.h }, reverse };
            const { output, state } = gruSequence(copy(t.projected), weight, options);
            return [output, state.hidden];
          },
          reference: (t) => {
            const result = reference.gruSequence(t.projected, t.weight, t.bias, t.h, shape);
            return [result.output, result.finalHidden];
          },
        });
      }
    });

    it('starts from zeros, without bias, and one of its outputs may go unused', () => {
      const projected = normal(random, [2, 3, 15]);
      const weight = normal(random, [15, 5], 0.5);
      const shape = { batch: 2, time: 3, hidden: 5, reverse, lengths: null };
      const run = (values: { projected: ArrayLike<number>; weight: ArrayLike<number> }) =>
        reference.gruSequence(values.projected, values.weight, null, new Float64Array(10), shape);
      for (const use of ['output', 'state'] as const) {
        checkOp(runtime, {
          inputs: { projected, weight },
          op: (t, own) => {
            const result = gruSequence(copy(t.projected), own(new PackedWeight(t.weight)), { reverse });
            return use === 'output' ? result.output : result.state.hidden;
          },
          reference: (t) => (use === 'output' ? run(t).output : run(t).finalHidden),
        });
      }
    });
  });

  it('writes the columns of a shared output, whose gradient reaches both directions', () => {
    const [batch, time, hidden] = [2, 3, 5];
    const lengths = [3, 1];
    checkOp(runtime, {
      inputs: {
        left: normal(random, [batch, time, 3 * hidden]),
        right: normal(random, [batch, time, 3 * hidden]),
        weight: normal(random, [3 * hidden, hidden], 0.5),
      },
      op: (t, own) => {
        const weight = own(new PackedWeight(t.weight));
        const output = Tensor.empty(runtime, [batch, time, 2 * hidden]);
        const counts = Tensor.from(runtime, lengths, [batch], 'i32');
        gruSequence(copy(t.left), weight, { lengths: counts, into: { output, column: 0 } });
        gruSequence(copy(t.right), weight, {
          lengths: counts,
          into: { output, column: hidden },
          reverse: true,
        });
        return output;
      },
      reference: (t) => {
        const run = (x: ArrayLike<number>, reverse: boolean) =>
          reference.gruSequence(x, t.weight, null, new Float64Array(batch * hidden), {
            ...{ batch, time, hidden },
            ...{ reverse, lengths },
          }).output;
        const [left, right] = [run(t.left, false), run(t.right, true)];
        return Float64Array.from({ length: batch * time * 2 * hidden }, (_, i) => {
          const [row, column] = [Math.floor(i / (2 * hidden)), i % (2 * hidden)];
          return column < hidden ? left[row * hidden + column]! : right[row * hidden + column - hidden]!;
        });
      },
    });
  });

  it('refuses what does not fit, and keeps no memory then', () => {
    runtime.scope(() => {
      const zeros = (...shape: number[]) => Tensor.zeros(runtime, shape);
      const weight = new PackedWeight(zeros(9, 3));
      const square = new PackedWeight(zeros(8, 3));
      const [projected, wide, narrow] = [zeros(2, 4, 9), zeros(2, 4, 8), zeros(2, 2)];
      const [bias, output, long] = [zeros(8), zeros(2, 4, 5), Tensor.from(runtime, [1, 5], [2], 'i32')];
      const integers = Tensor.zeros(runtime, [2, 4, 9], 'i32');
      const before = runtime.memory.usedBytes;
      const refuses = (run: () => unknown, error: Error) => expect(run).toThrow(error);
      refuses(
        () => gruSequence(wide, weight),
        new ShapeError('gru: projected must be [*, *, 9], got [2, 4, 8]'),
      );
      refuses(
        () => gruSequence(projected, square),
        new ShapeError('gru: recurrent must be [9, 3], got [8, 3]'),
      );
      refuses(
        () => gruSequence(projected, weight, { bias }),
        new ShapeError('gru: bias must be [9], got [8]'),
      );
      refuses(
        () => gruSequence(projected, weight, { lengths: long }),
        new ArgumentError('gru: lengths must lie in 0..4, got 5 at index 1'),
      );
      refuses(
        () => gruSequence(projected, weight, { state: { hidden: narrow } }),
        new ShapeError('gru: state.hidden must be [2, 3], got [2, 2]'),
      );
      refuses(
        () => gruSequence(projected, weight, { into: { output: narrow, column: 0 } }),
        new ShapeError('gru: into.output must be [2, 4, *], got [2, 2]'),
      );
      for (const column of [3, -1, 0.5]) {
        refuses(
          () => gruSequence(projected, weight, { into: { output, column } }),
          new ArgumentError(`gru: into.column must leave room for 3 columns in [2, 4, 5], got ${column}`),
        );
      }
      expect(() => gruSequence(integers, weight)).toThrow(DTypeError);
      weight.dispose();
      square.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });
});
