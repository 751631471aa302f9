/**
 * LSTM, GRU and RNN. ONNX has W [directions, gates * hidden, input] and R with the gates i, o, f, c or z, r, h; one
 * B [directions, 2 * gates * hidden] for both; and time first unless `layout` is 1.
 */
import { fromFloat32 } from '../../../src/io/conversion.ts';
import { GRU } from '../../../src/layers/gru.ts';
import { LSTM } from '../../../src/layers/lstm.ts';
import { RNN } from '../../../src/layers/rnn.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import type { StoredTensor, WeightSource } from '../../../src/tensor/weights.ts';
import { sourceOf } from '../../support/sourceOf.ts';
import type { Comparison } from '../compare.ts';
import type { Fixture } from '../fixture.ts';
import { permuted } from '../layout.ts';
import { NotRun } from '../options.ts';
import type { Outcome, Runners } from '../runner.ts';

type State = Readonly<Record<string, Tensor>>;

interface Layer {
  forward(x: Tensor, options: object): { output: Tensor; state: readonly object[] };
  dispose(): void;
}

/** A family: where PyTorch's gates are among ONNX's, its state, its functions. */
interface Family {
  readonly gates: readonly number[];
  /** heed's name of a part of the state, by ONNX's letter. */
  readonly parts: Readonly<Record<string, string>>;
  readonly activations: readonly string[];
  readonly load: (fixture: Fixture, source: WeightSource, config: Config) => Layer;
}

export interface Config {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly bidirectional: boolean;
  readonly bias: boolean;
}

const families = {
  LSTM: {
    gates: [0, 2, 3, 1],
    parts: { h: 'hidden', c: 'cell' },
    activations: ['Sigmoid', 'Tanh', 'Tanh'],
    load: ({ runtime }, source, config) => LSTM.load(runtime, source, config),
  },
  GRU: {
    gates: [1, 0, 2],
    parts: { h: 'hidden' },
    activations: ['Sigmoid', 'Tanh'],
    load: ({ runtime }, source, config) => GRU.load(runtime, source, config),
  },
  RNN: {
    gates: [0],
    parts: { h: 'hidden' },
    activations: ['Tanh'],
    load: ({ runtime }, source, config) => RNN.load(runtime, source, config),
  },
} as const satisfies Readonly<Record<string, Family>>;

/** Gates in PyTorch's order, of the rows of one direction. */
function reordered(values: Float32Array, gates: readonly number[], shape: readonly number[]): StoredTensor {
  const block = values.length / gates.length;
  const parts = gates.flatMap((gate) => [...values.subarray(gate * block, (gate + 1) * block)]);
  return fromFloat32(Float32Array.from(parts), shape, 'F32');
}

/** PyTorch's names, by direction. */
function weightsOf(
  fixture: Fixture,
  { gates }: Family,
  { inputSize, hiddenSize, bias }: Config,
): WeightSource {
  const directions = fixture.shape('in.W')[0]!;
  const rows = gates.length * hiddenSize;
  const named: Record<string, StoredTensor> = {};
  const part = (name: string, at: number, of: number): Float32Array => {
    const values = fixture.floats(name);
    return values.subarray((at * values.length) / of, ((at + 1) * values.length) / of);
  };
  for (let way = 0; way < directions; way++) {
    const suffix = way === 0 ? 'l0' : 'l0_reverse';
    named[`weight_ih_${suffix}`] = reordered(part('in.W', way, directions), gates, [rows, inputSize]);
    named[`weight_hh_${suffix}`] = reordered(part('in.R', way, directions), gates, [rows, hiddenSize]);
    if (!bias) continue;
    named[`bias_ih_${suffix}`] = reordered(part('in.B', 2 * way, 2 * directions), gates, [rows]);
    named[`bias_hh_${suffix}`] = reordered(part('in.B', 2 * way + 1, 2 * directions), gates, [rows]);
  }
  return sourceOf(named);
}

/** Attributes of functions that heed has in one form only. */
function checkAttributes({ options }: Fixture, { activations }: Family, directions: number): void {
  const given = options.get('activations') ?? Array.from({ length: directions }, () => activations).flat();
  const expected = Array.from({ length: directions }, () => activations).flat();
  if (JSON.stringify(given) !== JSON.stringify(expected)) options.refuse('activations');
  options.only('input_forget', 0);
  for (const name of ['clip', 'activation_alpha', 'activation_beta']) {
    if (options.get(name) !== undefined) options.refuse(name);
  }
}

/** The state is reset before its product, unless linear_before_reset is 1: the same where the product is 0 or has one factor. */
function checkReset(fixture: Fixture, time: number): void {
  if (fixture.options.flag('linear_before_reset', false)) return;
  const bias = fixture.has('in.B') ? fixture.floats('in.B') : undefined;
  const hidden = fixture.options.number('hidden_size');
  const ofNew = bias?.subarray(bias.length - hidden);
  const startsAtZero = !fixture.has('in.initial_h');
  if (time > 1 || !startsAtZero || ofNew?.some((value) => value !== 0)) {
    throw new NotRun("heed's GRU resets the state after its product, as with linear_before_reset = 1");
  }
}

function run(fixture: Fixture, family: Family): Outcome {
  const { options, runtime } = fixture;
  if (fixture.has('in.P')) throw new NotRun("heed's LSTM has no peepholes");
  const batchFirst = options.flag('layout', false);
  const shape = fixture.shape('in.X');
  const [time, batch] = (batchFirst ? [shape[1], shape[0]] : shape) as [number, number];
  const direction = options.choice('direction', ['forward', 'bidirectional']);
  const bidirectional = direction === 'bidirectional';
  const directions = bidirectional ? 2 : 1;
  checkAttributes(fixture, family, directions);
  if (family === families.GRU) checkReset(fixture, time);
  const hiddenSize = options.number('hidden_size');
  const config = { inputSize: shape[2]!, hiddenSize, bidirectional, bias: fixture.has('in.B') };
  const layer = fixture.own(family.load(fixture, weightsOf(fixture, family, config), config));

  const frames = fixture.floats('in.X');
  const rows = batchFirst ? frames : permuted(frames, shape, [1, 0, 2]);
  const x = Tensor.from(runtime, rows, [batch, time, config.inputSize]);
  const lengths = fixture.has('in.sequence_lens') ? fixture.tensor('in.sequence_lens', [batch]) : undefined;
  const state = initialState(fixture, family, { batchFirst, batch, directions, hiddenSize });
  const result = layer.forward(x, { lengths, state });
  const final = (part: string): Float32Array => {
    const each = (result.state as readonly State[]).map((one) => one[part]!.toFloat32Array());
    const whole = Float32Array.from(each.flatMap((values) => [...values]));
    return batchFirst ? permuted(whole, [directions, batch, hiddenSize], [1, 0, 2]) : whole;
  };
  // [batch, time, directions, hidden] to [time, directions, batch, hidden], or with batch first as it is.
  const output = result.output.toFloat32Array();
  const all = batchFirst ? output : permuted(output, [batch, time, directions, hiddenSize], [1, 2, 0, 3]);
  const comparisons: Comparison[] = [
    { name: 'out.Y', actual: all },
    ...Object.entries(family.parts).map(([letter, part]) => ({
      name: `out.Y_${letter}`,
      actual: final(part),
    })),
  ].filter(({ name }) => fixture.has(name));
  return { comparisons, arithmetic: { steps: time, approximations: 3 } };
}

function initialState(
  fixture: Fixture,
  { parts }: Family,
  sizes: { batchFirst: boolean; batch: number; directions: number; hiddenSize: number },
): State[] | undefined {
  const { batchFirst, batch, directions, hiddenSize } = sizes;
  const given = Object.keys(parts).filter((letter) => fixture.has(`in.initial_${letter}`));
  if (given.length === 0) return undefined;
  const zeros = new Float32Array(directions * batch * hiddenSize);
  const values = (letter: string): Float32Array => {
    if (!given.includes(letter)) return zeros;
    const stored = fixture.floats(`in.initial_${letter}`);
    return batchFirst ? permuted(stored, [batch, directions, hiddenSize], [1, 0, 2]) : stored;
  };
  const size = batch * hiddenSize;
  return Array.from({ length: directions }, (_, way) =>
    Object.fromEntries(
      Object.entries(parts).map(([letter, part]) => [
        part,
        Tensor.from(fixture.runtime, values(letter).subarray(way * size, (way + 1) * size), [
          batch,
          hiddenSize,
        ]),
      ]),
    ),
  );
}

export const recurrentRunners: Runners = {
  LSTM: (fixture) => run(fixture, families.LSTM),
  GRU: (fixture) => run(fixture, families.GRU),
  RNN: (fixture) => run(fixture, families.RNN),
};
