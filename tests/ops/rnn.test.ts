import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { scale } from '../../src/ops/elementwise.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { rnnCell, rnnSequence } from '../../src/ops/rnn.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import * as reference from '../reference/rnn.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('RNN ops, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  // The op overwrites its gates: each call gets a copy, as from the projection before it.
  const copy = (x: Tensor): Tensor => scale(x, 1);

  it.each([
    [1, 1],
    [3, 5],
    [0, 4],
  ])('rnnCell: batch %i, hidden %i', (batch, hidden) => {
    checkOp(runtime, {
      inputs: { projected: normal(random, [batch, hidden]), products: normal(random, [batch, hidden]) },
      op: (t) => rnnCell(t.projected, t.products),
      reference: (t) => t.projected.map((x, i) => Math.tanh(x + t.products[i]!)),
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
        projected: normal(random, [batch, time, hidden]),
        weight: normal(random, [hidden, hidden], 0.5),
        h: normal(random, [batch, hidden]),
      };
      const shape = { batch, time, hidden, reverse, lengths: lengths ?? null };
      const tensorOf = () => lengths && Tensor.from(runtime, lengths, [batch], 'i32');
      for (const constant of [[], ['weight', 'h'], ['projected'], ['h']] as const) {
        checkOp(runtime, {
          inputs,
          constant,
          op: (t, own) => {
            const weight = own(new PackedWeight(t.weight));
            const options = { lengths: tensorOf(), state: { hidden: t.h }, reverse };
            const { output, state } = rnnSequence(copy(t.projected), weight, options);
            return [output, state.hidden];
          },
          reference: (t) => {
            const result = reference.rnnSequence(t.projected, t.weight, t.h, shape);
            return [result.output, result.finalHidden];
          },
        });
      }
    });

    it('starts from zeros, and one of its outputs may go unused', () => {
      const projected = normal(random, [2, 3, 5]);
      const weight = normal(random, [5, 5], 0.5);
      const shape = { batch: 2, time: 3, hidden: 5, reverse, lengths: null };
      const run = (values: { projected: ArrayLike<number>; weight: ArrayLike<number> }) =>
        reference.rnnSequence(values.projected, values.weight, new Float64Array(10), shape);
      for (const use of ['output', 'state'] as const) {
        checkOp(runtime, {
          inputs: { projected, weight },
          op: (t, own) => {
            const result = rnnSequence(copy(t.projected), own(new PackedWeight(t.weight)), { reverse });
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
        left: normal(random, [batch, time, hidden]),
        right: normal(random, [batch, time, hidden]),
        weight: normal(random, [hidden, hidden], 0.5),
      },
      op: (t, own) => {
        const weight = own(new PackedWeight(t.weight));
        const output = Tensor.empty(runtime, [batch, time, 2 * hidden]);
        const counts = Tensor.from(runtime, lengths, [batch], 'i32');
        rnnSequence(copy(t.left), weight, { lengths: counts, into: { output, column: 0 } });
        rnnSequence(copy(t.right), weight, {
          lengths: counts,
          into: { output, column: hidden },
          reverse: true,
        });
        return output;
      },
      reference: (t) => {
        const run = (x: ArrayLike<number>, reverse: boolean) =>
          reference.rnnSequence(x, t.weight, new Float64Array(batch * hidden), {
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
      const weight = new PackedWeight(zeros(3, 3));
      const square = new PackedWeight(zeros(2, 3));
      const [projected, wide, narrow] = [zeros(2, 4, 3), zeros(2, 4, 8), zeros(2, 2)];
      const [output, long] = [zeros(2, 4, 5), Tensor.from(runtime, [1, 5], [2], 'i32')];
      const integers = Tensor.zeros(runtime, [2, 4, 3], 'i32');
      const before = runtime.memory.usedBytes;
      const refuses = (run: () => unknown, error: Error) => expect(run).toThrow(error);
      refuses(
        () => rnnSequence(wide, weight),
        new ShapeError('rnn: projected must be [*, *, 3], got [2, 4, 8]'),
      );
      refuses(
        () => rnnSequence(projected, square),
        new ShapeError('rnn: recurrent must be [3, 3], got [2, 3]'),
      );
      refuses(
        () => rnnSequence(projected, weight, { lengths: long }),
        new ArgumentError('rnn: lengths must lie in 0..4, got 5 at index 1'),
      );
      refuses(
        () => rnnSequence(projected, weight, { state: { hidden: narrow } }),
        new ShapeError('rnn: state.hidden must be [2, 3], got [2, 2]'),
      );
      refuses(
        () => rnnSequence(projected, weight, { into: { output: narrow, column: 0 } }),
        new ShapeError('rnn: into.output must be [2, 4, *], got [2, 2]'),
      );
      for (const column of [3, -1, 0.5]) {
        refuses(
          () => rnnSequence(projected, weight, { into: { output, column } }),
          new ArgumentError(`rnn: into.column must leave room for 3 columns in [2, 4, 5], got ${column}`),
        );
      }
      expect(() => rnnSequence(integers, weight)).toThrow(DTypeError);
      weight.dispose();
      square.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });
});
