import { describe, expect, it } from 'vitest';
import { ArgumentError, FormatError, ShapeError } from '../../src/errors.ts';
import { type CellKind, createCell, LSTMCell, type RecurrentCell } from '../../src/layers/cell.ts';
import { createParameters } from '../../src/layers/parameters.ts';
import { add } from '../../src/ops/elementwise.ts';
import { concatenate, stack } from '../../src/ops/join.ts';
import { addLinear, linear } from '../../src/ops/linear.ts';
import { lstmCell } from '../../src/ops/lstm.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { expectClose } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { weightedLoss } from '../support/weightedLoss.ts';

const kinds: readonly CellKind[] = ['rnn', 'gru', 'lstm'];

describe.each(variants)('cells, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const normal = (...shape: number[]) =>
    Tensor.from(runtime, random.normals(shape.reduce((a, b) => a * b, 1)), shape);
  const create = (kind: CellKind, config: { inputSizes: number[]; hiddenSize: number; bias?: boolean }) =>
    createParameters(runtime, new Random(testSeed()), (parameters) =>
      createCell(parameters, { kind, ...config }),
    );

  const outputs = (cell: RecurrentCell, state: ReturnType<RecurrentCell['step']>) =>
    cell.stateNames.map((name) => state[name]!);

  it.each(kinds)('%s: inputs apart are inputs concatenated, with their gradients', (kind) => {
    const before = runtime.memory.usedBytes;
    for (const bias of [true, false]) {
      runtime.scope(() => {
        const apart = create(kind, { inputSizes: [3, 1, 5], hiddenSize: 6, bias });
        const whole = create(kind, { inputSizes: [9], hiddenSize: 6, bias });
        expect([...apart.parameters()].map(([name, { shape }]) => [name, shape])).toEqual(
          [...whole.parameters()].map(([name, { shape }]) => [name, shape]),
        );
        const inputs = [normal(4, 3), normal(4, 1), normal(4, 5)];
        const state = { hidden: normal(4, 6), cell: normal(4, 6) };
        const cotangents = apart.stateNames.map(() => random.normals(24));
        const run = (cell: RecurrentCell, given: () => readonly Tensor[]) => {
          const wanted = new Map(cell.parameters()).set('hidden', state.hidden);
          inputs.forEach((x, i) => {
            wanted.set(`x${i}`, x);
          });
          const values = runtime.scope(() => outputs(cell, cell.forward(given(), state)));
          const result = runtime.gradients(
            () => weightedLoss(outputs(cell, cell.forward(given(), state)), cotangents),
            wanted,
          );
          return { values, ...result };
        };
        const one = run(apart, () => inputs);
        const other = run(whole, () => [concatenate(inputs)]);
        one.values.forEach((value, i) => {
          expectClose(value.toArray(), other.values[i]!.toArray(), apart.stateNames[i]!);
        });
        for (const [name, gradient] of one.gradients) {
          expectClose(gradient.toArray(), other.gradients.get(name)!.toArray(), `gradient of ${name}`);
        }
        apart.dispose();
        whole.dispose();
      });
    }
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it.each(kinds)('%s: many steps projected at once are the steps one by one, to the bit', (kind) => {
    runtime.scope(() => {
      const cell = create(kind, { inputSizes: [4, 3], hiddenSize: 5 });
      const xs = Array.from({ length: 6 }, () => normal(2, 4));
      const fed = normal(2, 3);
      let hoisted = cell.startState(2);
      let single = cell.startState(2);
      const projected = cell.project(0, stack(xs));
      const untouched = projected.toArray();
      xs.forEach((x, t) => {
        hoisted = cell.step(cell.project(1, fed, projected.at(t)), hoisted);
        single = cell.forward([x, fed], single);
      });
      // A share without another input is not written to either.
      cell.step(projected.at(0), hoisted);
      expect(projected.toArray()).toEqual(untouched);
      for (const name of cell.stateNames) expect(hoisted[name]!.toArray()).toEqual(single[name]!.toArray());
      cell.dispose();
    });
  });

  it('LSTMCell adds up in the order of its inputs, the recurrence last, to the bit', () => {
    runtime.scope(() => {
      const cell = LSTMCell.create(runtime, { inputSizes: [4, 7], hiddenSize: 7 }, new Random(3));
      const [embedded, fed] = [normal(3, 4), normal(3, 7)];
      const state = { hidden: normal(3, 7), cell: normal(3, 7) };
      const parameter = (name: string) => cell.parameters().get(name)!;
      const [first, second, recurrent] = [
        new PackedWeight(parameter('weight_ih'), { from: 0, to: 4 }),
        new PackedWeight(parameter('weight_ih'), { from: 4, to: 11 }),
        new PackedWeight(parameter('weight_hh')),
      ];
      const share = linear(embedded, first, add(parameter('bias_ih'), parameter('bias_hh')));
      const expected = lstmCell(
        addLinear(addLinear(share, fed, second), state.hidden, recurrent),
        state.cell,
      );
      const actual = cell.step(cell.project(1, fed, cell.project(0, embedded)), state);
      expect(actual.hidden.toArray()).toEqual(expected.hidden.toArray());
      expect(actual.cell.toArray()).toEqual(expected.cell.toArray());
      for (const each of [first, second, recurrent, cell]) each.dispose();
    });
  });

  it('the bias comes with input 0, whether first or added later', () => {
    runtime.scope(() => {
      const cell = create('gru', { inputSizes: [4, 3], hiddenSize: 5 });
      const [a, b] = [normal(2, 4), normal(2, 3)];
      const forwards = cell.project(1, b, cell.project(0, a));
      const backwards = cell.project(0, a, cell.project(1, b));
      expectClose(backwards.toArray(), forwards.toArray(), 'shares');
      cell.dispose();
    });
  });

  it('refuses what does not fit, and keeps no memory then', () => {
    const before = runtime.memory.usedBytes;
    const fresh = (kind: CellKind, inputSizes: number[], hiddenSize = 2) =>
      create(kind, { inputSizes, hiddenSize });
    expect(() => fresh('elman' as CellKind, [1])).toThrow(
      new ArgumentError('cell: kind must be rnn, gru, lstm, got elman'),
    );
    expect(() => fresh('gru', [])).toThrow(ArgumentError);
    for (const size of [0, -1, 1.5, Number.NaN]) {
      expect(() => fresh('gru', [3, size])).toThrow(ArgumentError);
      expect(() => fresh('gru', [3], size)).toThrow(ArgumentError);
    }
    const source = { metadata: {}, names: () => [], get: () => undefined };
    expect(() => LSTMCell.load(runtime, source, { inputSizes: [2], hiddenSize: 2 })).toThrow(FormatError);
    runtime.scope(() => {
      const cell = fresh('lstm', [3, 1]);
      const [x, y, wrong, hidden] = [normal(2, 3), normal(2, 1), normal(2, 2), normal(2, 2)];
      const used = runtime.memory.usedBytes;
      expect(() => cell.forward([x])).toThrow(new ArgumentError('cell.forward: expected 2 inputs, got 1'));
      expect(() => cell.forward([x, y, y])).toThrow(ArgumentError);
      expect(() => cell.project(2, x)).toThrow(
        new ArgumentError('cell.project: index must be below 2, got 2'),
      );
      expect(() => cell.project(0, wrong)).toThrow(ShapeError);
      expect(() => cell.project(1, y, wrong)).toThrow(ShapeError);
      expect(() => cell.forward([x, y], { hidden })).toThrow(
        new ArgumentError('LSTMCell.step: state must have hidden and cell, got hidden alone'),
      );
      expect(() => cell.forward([x, y], { hidden: x, cell: hidden })).toThrow(ShapeError);
      // Packed when first used, and kept.
      const packed = runtime.memory.usedBytes - used;
      expect(() => cell.forward([x, y], { hidden: x, cell: hidden })).toThrow(ShapeError);
      expect(runtime.memory.usedBytes - used).toBe(packed);
      cell.dispose();
    });
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it.each(kinds)('%s: the steady state allocates nothing', (kind) => {
    const cell = create(kind, { inputSizes: [3], hiddenSize: 4 });
    const step = () => runtime.scope(() => void cell.forward([normal(2, 3)]));
    step();
    const before = runtime.memory.usedBytes;
    for (let i = 0; i < 3; i++) step();
    expect(runtime.memory.usedBytes).toBe(before);
    cell.dispose();
  });
});
