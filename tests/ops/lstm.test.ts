import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { add, scale } from '../../src/ops/elementwise.ts';
import { lstmCell, lstmSequence } from '../../src/ops/lstm.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import * as reference from '../reference/lstm.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('LSTM ops, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  // The ops overwrite their gates: each call gets a copy, as from the projection before it.
  const copy = (x: Tensor): Tensor => scale(x, 1);

  it.each([
    [1, 1],
    [3, 5],
    [2, 16],
    [5, 13],
    [0, 4],
    [3, 0],
  ])('lstmCell: batch %i, hidden %i', (batch, hidden) => {
    const gates = normal(random, [batch, 4 * hidden]);
    const cell = normal(random, [batch, hidden]);
    for (const constant of [[], ['gates'], ['cell']] as const) {
      checkOp(runtime, {
        inputs: { gates, cell },
        constant,
        op: (t) => {
          const next = lstmCell(copy(t.gates), t.cell);
          return [next.hidden, next.cell];
        },
        reference: (t) => {
          const next = reference.lstmCell(t.gates, t.cell, batch, hidden);
          return [next.hidden, next.cell];
        },
      });
    }
  });

  it('lstmCell: only one of its outputs used, or a cell fed twice', () => {
    const gates = normal(random, [2, 12]);
    const cell = normal(random, [2, 3]);
    checkOp(runtime, {
      inputs: { gates, cell },
      op: (t) => lstmCell(copy(t.gates), t.cell).hidden,
      reference: (t) => reference.lstmCell(t.gates, t.cell, 2, 3).hidden,
    });
    checkOp(runtime, {
      inputs: { gates, cell },
      op: (t) => {
        const first = lstmCell(copy(t.gates), t.cell);
        return lstmCell(copy(t.gates), add(first.cell, t.cell)).hidden;
      },
      reference: (t) => {
        const first = reference.lstmCell(t.gates, t.cell, 2, 3);
        const sum = first.cell.map((value, i) => value + t.cell[i]!);
        return reference.lstmCell(t.gates, sum, 2, 3).hidden;
      },
    });
  });

  describe.each([false, true])('lstmSequence, reverse: %s', (reverse) => {
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
        projected: normal(random, [batch, time, 4 * hidden]),
        weight: normal(random, [4 * hidden, hidden], 0.5),
        h: normal(random, [batch, hidden]),
        c: normal(random, [batch, hidden]),
      };
      const shape = { batch, time, hidden, reverse, lengths: lengths ?? null };
      const tensorOf = () => lengths && Tensor.from(runtime, lengths, [batch], 'i32');
      for (const constant of [[], ['weight', 'h'], ['projected'], ['c']] as const) {
        checkOp(runtime, {
          inputs,
          constant,
          op: (t, own) => {
            const weight = own(new PackedWeight(t.weight));
            const options = { lengths: tensorOf(), state: { hidden: t.h, cell: t.c }, reverse };
            const { output, state } = lstmSequence(copy(t.projected), weight, options);
            return [output, state.hidden, state.cell];
          },
          reference: (t) => {
            const result = reference.lstmSequence(t.projected, t.weight, t.h, t.c, shape);
            return [result.output, result.finalHidden, result.finalCell];
          },
        });
      }
    });

    it('starts from zeros, and may be given one tensor as both states', () => {
      const projected = normal(random, [2, 3, 20]);
      const weight = normal(random, [20, 5], 0.5);
      const both = normal(random, [2, 5]);
      const shape = { batch: 2, time: 3, hidden: 5, reverse, lengths: null };
      const zeros = new Float64Array(10);
      checkOp(runtime, {
        inputs: { projected, weight },
        op: (t, own) => lstmSequence(copy(t.projected), own(new PackedWeight(t.weight)), { reverse }).output,
        reference: (t) => reference.lstmSequence(t.projected, t.weight, zeros, zeros, shape).output,
      });
      checkOp(runtime, {
        inputs: { projected, weight, both },
        op: (t, own) => {
          const state = { hidden: t.both, cell: t.both };
          const result = lstmSequence(copy(t.projected), own(new PackedWeight(t.weight)), { reverse, state });
          return [result.state.cell];
        },
        reference: (t) => [reference.lstmSequence(t.projected, t.weight, t.both, t.both, shape).finalCell],
      });
    });
  });

  it('refuses what does not fit, and keeps no memory then', () => {
    runtime.scope(() => {
      const zeros = (...shape: number[]) => Tensor.zeros(runtime, shape);
      const weight = new PackedWeight(zeros(12, 3));
      const projected = zeros(2, 4, 12);
      const [gates, cell, hidden, narrow, wide] = [
        zeros(2, 8),
        zeros(2, 3),
        zeros(2, 3),
        zeros(2, 2),
        zeros(2, 11),
      ];
      const [short, long, floats] = [
        Tensor.from(runtime, [1], [1], 'i32'),
        Tensor.from(runtime, [1, 5], [2], 'i32'),
        zeros(2),
      ];
      const integers = Tensor.zeros(runtime, [2, 4, 12], 'i32');
      const before = runtime.memory.usedBytes;
      expect(() => lstmCell(gates, cell)).toThrow(
        new ShapeError('lstmCell: gates must be [2, 12], got [2, 8]'),
      );
      expect(() => lstmCell(gates, projected)).toThrow(
        new ShapeError('lstmCell: previousCell must be [*, *], got [2, 4, 12]'),
      );
      expect(() => lstmSequence(wide, weight)).toThrow(
        new ShapeError('lstm: projected must be [*, *, 12], got [2, 11]'),
      );
      expect(() => lstmSequence(projected, weight, { lengths: short })).toThrow(
        new ShapeError('lstm: lengths must be [2], got [1]'),
      );
      expect(() => lstmSequence(projected, weight, { lengths: long })).toThrow(
        new ArgumentError('lstm: lengths must lie in 0..4, got 5 at index 1'),
      );
      expect(() => lstmSequence(projected, weight, { lengths: floats })).toThrow(
        new DTypeError('lstm: lengths must be i32, got f32'),
      );
      expect(() => lstmSequence(projected, weight, { state: { hidden: narrow, cell } })).toThrow(
        new ShapeError('lstm: state.hidden must be [2, 3], got [2, 2]'),
      );
      expect(() => lstmSequence(projected, weight, { state: { hidden, cell: narrow } })).toThrow(
        new ShapeError('lstm: state.cell must be [2, 3], got [2, 2]'),
      );
      expect(() => lstmSequence(integers, weight)).toThrow(DTypeError);
      weight.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });
});
