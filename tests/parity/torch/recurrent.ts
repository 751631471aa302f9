import { GRU } from '../../../src/layers/gru.ts';
import { LSTM } from '../../../src/layers/lstm.ts';
import { RNN } from '../../../src/layers/rnn.ts';
import { concatenate, stack } from '../../../src/ops/join.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import type { Comparison } from '../compare.ts';
import { evaluate, parametersOf } from '../evaluate.ts';
import type { Fixture } from '../fixture.ts';
import type { Outcome, Runners } from '../runner.ts';

/** One state of a layer and direction, by the names that heed gives its parts. */
export type State = Readonly<Record<string, Tensor>>;

/** What LSTM, GRU and RNN have in common. */
interface Layer {
  forward(x: Tensor, options: object): { output: Tensor; state: readonly object[] };
  startSteps(batch: number): { readonly layers: readonly object[]; dispose(): void };
  parameters(): ReadonlyMap<string, Tensor>;
  dispose(): void;
}

/** One that also takes steps. Each layer has a type of its own for their state. */
export interface Stepping extends Layer {
  step(x: Tensor, state: unknown): Tensor;
}

/** The configuration that the three share. */
export function recurrentConfig({ options }: Fixture) {
  options.only('batch_first', true, false);
  options.only('dropout', 0);
  options.only('proj_size', 0);
  return {
    inputSize: options.number('input_size'),
    hiddenSize: options.number('hidden_size'),
    layers: options.number('num_layers', 1),
    bidirectional: options.flag('bidirectional', false),
    bias: options.flag('bias', true),
    prefix: 'w.',
  };
}

/**
 * Whole sequences, and step by step where there is one direction and no padding.
 * @param parts of a state: heed's name by PyTorch's letter
 */
export function runSequences(
  fixture: Fixture,
  layer: Stepping,
  parts: Readonly<Record<string, string>>,
  approximations: number,
): Outcome {
  fixture.own(layer);
  const letters = Object.keys(parts);
  const shape = fixture.shape('in.x');
  const x = fixture.tensor('in.x', shape.length === 2 ? [1, ...shape] : shape);
  const [batch, time] = x.shape as [number, number, number];
  const lengths = fixture.optional('in.lengths');
  const initial = new Map(
    letters
      .filter((letter) => fixture.has(`in.${letter}0`))
      .map((each) => [each, fixture.tensor(`in.${each}0`)]),
  );
  const stateAt = (i: number): State =>
    Object.fromEntries(
      [...initial].map(([letter, values]) => {
        const one = values.at(i);
        return [parts[letter]!, one.reshape([batch, one.size / batch])];
      }),
    );
  const count = initial.get('h')?.shape[0] ?? 0;
  const state = count > 0 ? Array.from({ length: count }, (_, i) => stateAt(i)) : undefined;
  const compute = (): Record<string, Tensor> => {
    const result = layer.forward(x, { lengths, state });
    const last = (part: string): Tensor =>
      stack((result.state as readonly State[]).map((each) => each[part]!));
    return {
      y: result.output,
      ...Object.fromEntries(letters.map((letter) => [`${letter}n`, last(parts[letter]!)])),
    };
  };
  const inputs = Object.fromEntries([...initial].map(([letter, values]) => [`in.${letter}0`, values]));
  const comparisons = evaluate(fixture, parametersOf(layer, { 'in.x': x, ...inputs }), compute);
  if (!lengths && !fixture.options.flag('bidirectional', false)) {
    comparisons.push(...stepByStep(fixture, layer, parts, x, state));
  }
  const layers = fixture.options.number('num_layers', 1);
  return { comparisons, arithmetic: { steps: time, approximations: layers * approximations } };
}

function stepByStep(
  fixture: Fixture,
  layer: Stepping,
  parts: Readonly<Record<string, string>>,
  x: Tensor,
  initial: readonly State[] | undefined,
): Comparison[] {
  const { runtime } = fixture;
  const [batch, time, size] = x.shape as [number, number, number];
  const state = fixture.own(layer.startSteps(batch));
  initial?.forEach((values, i) => {
    for (const [part, tensor] of Object.entries(values)) {
      (state.layers[i] as State)[part]!.set(tensor.toArray());
    }
  });
  const rows = x.toFloat32Array();
  const outputs = Array.from({ length: time }, (_, t) => {
    const frame = Float32Array.from({ length: batch * size }, (_, i) => {
      const [b, column] = [Math.floor(i / size), i % size];
      return rows[(b * time + t) * size + column]!;
    });
    // The next step overwrites it.
    return Tensor.from(runtime, layer.step(Tensor.from(runtime, frame, [batch, size]), state).toArray(), [
      batch,
      fixture.options.number('hidden_size'),
    ]);
  });
  const last = (part: string): Tensor => stack((state.layers as readonly State[]).map((each) => each[part]!));
  return [
    { name: 'out.y', actual: concatenate(outputs).toArray() },
    ...Object.entries(parts).map(([letter, part]) => ({
      name: `out.${letter}n`,
      actual: last(part).toArray(),
    })),
  ];
}

/** Functions on the way of a step. */
const APPROXIMATIONS = { LSTM: 3, GRU: 2, RNN: 1 };

export const recurrentRunners: Runners = {
  'nn.LSTM': (fixture) => {
    const layer = LSTM.load(fixture.runtime, fixture.source, recurrentConfig(fixture));
    return runSequences(fixture, layer as Stepping, { h: 'hidden', c: 'cell' }, APPROXIMATIONS.LSTM);
  },
  'nn.GRU': (fixture) => {
    const layer = GRU.load(fixture.runtime, fixture.source, recurrentConfig(fixture));
    return runSequences(fixture, layer as Stepping, { h: 'hidden' }, APPROXIMATIONS.GRU);
  },
  'nn.RNN': (fixture) => {
    fixture.options.only('nonlinearity', 'tanh');
    const layer = RNN.load(fixture.runtime, fixture.source, recurrentConfig(fixture));
    return runSequences(fixture, layer as Stepping, { h: 'hidden' }, APPROXIMATIONS.RNN);
  },
};
