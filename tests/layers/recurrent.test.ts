import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, FormatError, ShapeError, UnsupportedError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { GRU } from '../../src/layers/gru.ts';
import { LSTM } from '../../src/layers/lstm.ts';
import type { RecurrentConfig } from '../../src/layers/recurrent.ts';
import { RNN } from '../../src/layers/rnn.ts';
import { sum } from '../../src/ops/elementwise.ts';
import type { LSTMState } from '../../src/ops/recurrence.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { StoredTensor } from '../../src/tensor/weights.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

const stored = (...shape: number[]): StoredTensor =>
  fromFloat32(
    seededRandom(testSeed()).normals(
      shape.reduce((a, b) => a * b, 1),
      0.4,
    ),
    shape,
    'F32',
  );

// Typed as the LSTM: the tests use only what all have.
const kinds = [
  { name: 'LSTM', gates: 4, Layer: LSTM },
  { name: 'RNN', gates: 1, Layer: RNN as unknown as typeof LSTM },
  { name: 'GRU', gates: 3, Layer: GRU as unknown as typeof LSTM },
];

const cases = variants.flatMap((variant) => kinds.map((kind) => ({ variant, ...kind })));

describe.each(cases)('$name, $variant', async ({ variant, name, gates, Layer }) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const create = (config: RecurrentConfig): LSTM => Layer.create(runtime, config, new Random(5));

  /** A one-layer state_dict under PyTorch's names. */
  const stateDict = (prefix: string, input: number, hidden: number): Record<string, StoredTensor> => ({
    [`${prefix}weight_ih_l0`]: stored(gates * hidden, input),
    [`${prefix}weight_hh_l0`]: stored(gates * hidden, hidden),
    [`${prefix}bias_ih_l0`]: stored(gates * hidden),
    [`${prefix}bias_hh_l0`]: stored(gates * hidden),
  });
  const tensorsOf = (state: LSTMState): Tensor[] => Object.values(state);

  describe('step by step', () => {
    it.each([
      [1, 1, 1, 1],
      [3, 5, 7, 2],
      [2, 16, 16, 3],
      [5, 8, 33, 1],
    ])(
      'batch %i, input %i, hidden %i, %i layers: the bits of forward',
      (batch, inputSize, hiddenSize, layers) => {
        const layer = create({ inputSize, hiddenSize, layers });
        const time = 6;
        const frames = Array.from({ length: time }, () => random.normals(batch * inputSize));
        runtime.scope(() => {
          const x = new Float32Array(batch * time * inputSize);
          frames.forEach((frame, t) => {
            for (let b = 0; b < batch; b++) {
              x.set(frame.subarray(b * inputSize, (b + 1) * inputSize), (b * time + t) * inputSize);
            }
          });
          const { output, state } = layer.forward(Tensor.from(runtime, x, [batch, time, inputSize]));
          const expected = output.toArray();
          const steps = layer.startSteps(batch);
          frames.forEach((frame, t) => {
            const hidden = layer.step(Tensor.from(runtime, frame, [batch, inputSize]), steps).toArray();
            for (let b = 0; b < batch; b++) {
              const from = (b * time + t) * hiddenSize;
              expect(hidden.subarray(b * hiddenSize, (b + 1) * hiddenSize)).toEqual(
                expected.subarray(from, from + hiddenSize),
              );
            }
          });
          steps.layers.forEach((each, i) => {
            const final = tensorsOf(state[i]!);
            tensorsOf(each).forEach((tensor, k) => {
              expect(tensor.toArray()).toEqual(final[k]!.toArray());
            });
          });
          steps.dispose();
        });
        layer.dispose();
      },
    );

    it('two thousand steps leave the memory as it was', () => {
      const layer = create({ inputSize: 5, hiddenSize: 9, layers: 2 });
      const x = Tensor.from(runtime, random.normals(5), [1, 5]);
      const beforeStart = runtime.memory.usedBytes;
      layer.startSteps().dispose();
      const packed = runtime.memory.usedBytes;
      expect(packed).toBeGreaterThan(beforeStart);
      const steps = layer.startSteps();
      const before = { used: runtime.memory.usedBytes, capacity: runtime.memory.capacityBytes };
      for (let i = 0; i < 2000; i++) layer.step(x, steps);
      expect({ used: runtime.memory.usedBytes, capacity: runtime.memory.capacityBytes }).toEqual(before);
      expect(steps.layers[0]!.hidden.toArray().every(Number.isFinite)).toBe(true);
      steps.dispose();
      expect(runtime.memory.usedBytes).toBe(packed);
      layer.dispose();
      x.dispose();
    });

    it('needs one direction, and frames of its size', () => {
      const before = runtime.memory.usedBytes;
      const both = create({ inputSize: 3, hiddenSize: 4, bidirectional: true });
      expect(() => both.startSteps()).toThrow(
        new UnsupportedError(`${name}.startSteps: a bidirectional ${name} cannot run step by step`),
      );
      both.dispose();
      const layer = create({ inputSize: 3, hiddenSize: 4 });
      const steps = layer.startSteps(2);
      runtime.scope(() => {
        expect(() => layer.step(Tensor.zeros(runtime, [1, 3]), steps)).toThrow(
          new ShapeError(`${name}.step: x must be [2, 3], got [1, 3]`),
        );
      });
      steps.dispose();
      layer.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });

  describe.each([false, true])('rows are independent, bidirectional: %s', (bidirectional) => {
    const [inputSize, hiddenSize, time] = [5, 7, 6];
    const lengths = [6, 2, 0, 4, 1];
    const config = { inputSize, hiddenSize, layers: 2, bidirectional };
    const lengthsOf = (values: readonly number[]) => Tensor.from(runtime, values, [values.length], 'i32');
    const values = random.normals(lengths.length * time * inputSize);

    it('what lies in padded positions changes no bit of outputs, states and gradients', () => {
      const layer = create(config);
      const results = [0, 1e6, NaN, -Infinity].map((garbage) =>
        runtime.scope(() => {
          const padded = values.map((value, i) => {
            const [row, t] = [Math.floor(i / (time * inputSize)), Math.floor(i / inputSize) % time];
            return t < lengths[row]! ? value : garbage;
          });
          const x = Tensor.from(runtime, padded, [lengths.length, time, inputSize]);
          const run = () => layer.forward(x, { lengths: lengthsOf(lengths) });
          const { output, state } = run();
          const parts = [output, ...state.flatMap(tensorsOf)].map((t) => t.toArray());
          if (!Number.isFinite(garbage)) return { parts, gradients: undefined };
          const { gradients } = runtime.gradients(
            () => sum(run().output),
            new Map([...layer.parameters(), ['x', x]]),
          );
          const inX = gradients.get('x')!.toArray();
          padded.forEach((value, i) => {
            if (value === garbage) expect(inX[i]).toBe(0);
          });
          return { parts, gradients: [...gradients.values()].map((gradient) => gradient.toArray()) };
        }),
      );
      for (const { parts, gradients } of results.slice(1)) {
        expect(parts).toEqual(results[0]!.parts);
        if (gradients) expect(gradients).toEqual(results[0]!.gradients);
      }
      layer.dispose();
    });

    it('a batch gives the bits that its rows give alone, cut to their lengths', () => {
      const layer = create(config);
      runtime.scope(() => {
        const x = Tensor.from(runtime, values, [lengths.length, time, inputSize]);
        const { output, state } = layer.forward(x, { lengths: lengthsOf(lengths) });
        lengths.forEach((length, row) => {
          const alone = layer.forward(x.at(row).slice(0, length).reshape([1, length, inputSize]));
          expect(output.at(row).slice(0, length).toArray()).toEqual(alone.output.toArray());
          expect(
            output
              .at(row)
              .slice(length, time)
              .toArray()
              .every((value) => value === 0),
          ).toBe(true);
          state.forEach((each, i) => {
            const final = tensorsOf(alone.state[i]!);
            tensorsOf(each).forEach((tensor, k) => {
              expect(tensor.at(row).toArray()).toEqual(final[k]!.toArray());
            });
          });
        });
      });
      layer.dispose();
    });
  });

  it('dropout between layers needs gradients and randomness', () => {
    const layer = create({ inputSize: 3, hiddenSize: 8, layers: 2, dropout: 0.5 });
    runtime.scope(() => {
      const x = Tensor.from(runtime, random.normals(12), [1, 4, 3]);
      const loss = (seed?: number) =>
        runtime.gradients(
          () => sum(layer.forward(x, { random: seed === undefined ? undefined : new Random(seed) }).output),
          new Map([['x', x]]),
        ).loss;
      const plain = sum(layer.forward(x, { random: new Random(1) }).output).item();
      expect(loss()).toBe(plain);
      expect(loss(1)).not.toBe(plain);
      expect(loss(1)).toBe(loss(1));
      expect(loss(1)).not.toBe(loss(2));
    });
    layer.dispose();
  });

  it('refuses configurations and arguments that do not fit', () => {
    const before = runtime.memory.usedBytes;
    for (const [config, message] of [
      [{ inputSize: 0, hiddenSize: 4 }, `${name}: inputSize must be a positive integer, got 0`],
      [{ inputSize: 3, hiddenSize: 1.5 }, `${name}: hiddenSize must be a positive integer, got 1.5`],
      [{ inputSize: 3, hiddenSize: 4, layers: NaN }, `${name}: layers must be a positive integer, got NaN`],
      [{ inputSize: 3, hiddenSize: 4, dropout: 1 }, `${name}: dropout must lie in [0, 1), got 1`],
    ] as const) {
      expect(() => create(config)).toThrow(new ArgumentError(message));
    }
    const layer = create({ inputSize: 3, hiddenSize: 4, bidirectional: true });
    runtime.scope(() => {
      const x = Tensor.zeros(runtime, [2, 5, 3]);
      const state = { hidden: Tensor.zeros(runtime, [2, 4]), cell: Tensor.zeros(runtime, [2, 4]) };
      expect(() => layer.forward(x.at(0))).toThrow(
        new ShapeError(`${name}.forward: x must be [*, *, 3], got [5, 3]`),
      );
      expect(() => layer.forward(x, { state: [state] })).toThrow(
        new ArgumentError(`${name}.forward: state must have 2 entries (layers x directions), got 1`),
      );
      expect(() => layer.forward(x, { lengths: Tensor.zeros(runtime, [2]) })).toThrow(DTypeError);
      expect(() => layer.forward(x, { lengths: Tensor.from(runtime, [2, 6], [2], 'i32') })).toThrow(
        new ArgumentError(`${name}.forward: lengths must lie in 0..5, got 6 at index 1`),
      );
    });
    layer.dispose();
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('names its parameters as PyTorch does, whatever the prefix', () => {
    const layer = create({ inputSize: 3, hiddenSize: 4, layers: 2, bidirectional: true });
    const names = ['l0', 'l0_reverse', 'l1', 'l1_reverse'].flatMap((suffix) =>
      ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((kind) => `${kind}_${suffix}`),
    );
    expect([...layer.parameters().keys()]).toEqual(names);
    layer.dispose();
    const source = sourceOf(stateDict('deep.', 3, 4));
    const loaded = Layer.load(runtime, source, { inputSize: 3, hiddenSize: 4, prefix: 'deep.' });
    expect([...loaded.parameters().keys()]).toEqual(names.slice(0, 4));
    loaded.dispose();
  });

  describe('loading', () => {
    const config = { inputSize: 3, hiddenSize: 4, prefix: 'encoder.' };
    const rows = 4 * gates;

    it('takes what lies under the prefix', () => {
      const before = runtime.memory.usedBytes;
      const source = { ...stateDict('encoder.', 3, 4), 'other.weight': stored(2, 2) };
      const layer = Layer.load(runtime, sourceOf(source), config);
      const bare = Layer.load(runtime, sourceOf(stateDict('', 3, 4)), { inputSize: 3, hiddenSize: 4 });
      runtime.scope(() => {
        const x = Tensor.from(runtime, random.normals(6), [1, 2, 3]);
        expect(layer.forward(x).output.toArray()).toEqual(bare.forward(x).output.toArray());
      });
      layer.dispose();
      bare.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });

    it('lists everything that is wrong in one error, and leaks nothing', () => {
      const before = runtime.memory.usedBytes;
      const { 'encoder.weight_hh_l0': _, 'encoder.bias_ih_l0': __, ...rest } = stateDict('encoder.', 3, 4);
      const source = {
        ...rest,
        'encoder.weight_ih_l0': stored(rows, 4),
        'encoder.weight_ih_l1': stored(rows, 4),
        'encoder.extra': stored(1),
        'decoder.weight': stored(1),
      };
      let caught: unknown;
      try {
        Layer.load(runtime, sourceOf(source), config);
      } catch (error) {
        caught = error;
      }
      expect(caught).toBeInstanceOf(FormatError);
      expect((caught as FormatError).problems).toEqual([
        `weights: encoder.weight_ih_l0 has shape [${rows}, 4], expected [${rows}, 3]`,
        `weights: encoder.weight_hh_l0 is missing (expected shape [${rows}, 4])`,
        `weights: encoder.bias_ih_l0 is missing (expected shape [${rows}])`,
        'weights: encoder.weight_ih_l1 is unexpected',
        'weights: encoder.extra is unexpected',
      ]);
      expect(runtime.memory.usedBytes).toBe(before);
    });

    it('a bidirectional one wants the names of both directions', () => {
      const before = runtime.memory.usedBytes;
      const load = () =>
        Layer.load(runtime, sourceOf(stateDict('encoder.', 3, 4)), { ...config, bidirectional: true });
      expect(load).toThrow(FormatError);
      expect(load).toThrow(
        /weight_ih_l0_reverse is missing .*\n.*weight_hh_l0_reverse .*\n.*bias_ih.*\n.*bias_hh/,
      );
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });
});
