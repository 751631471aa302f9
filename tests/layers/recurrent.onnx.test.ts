/**
 * RNN, LSTM and GRU against the ONNX project's own node tests. ONNX has W [directions, gates * hidden, input] and R with the
 * gates i, o, f, c or z, r, h; one B [directions, 2 * gates * hidden] for both; and time first unless `layout` is 1.
 * These cases take one step from a zero state, by weights that are all equal: what they tell is the equations, not the
 * order of the gates nor the recurrence, which the PyTorch vectors do.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { fromFloat32, toFloat32 } from '../../src/io/conversion.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { GRU } from '../../src/layers/gru.ts';
import { LSTM } from '../../src/layers/lstm.ts';
import { RNN } from '../../src/layers/rnn.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { WeightSource } from '../../src/tensor/weights.ts';
import { expectClose } from '../support/gradientCheck.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/torchFixtures.ts';

const FOLDER = new URL('../../../shared/data/onnx-node/', import.meta.url);
/** All of the folder that can run. */
const CASES = [
  ...['batchwise', 'defaults', 'with_initial_bias'].flatMap((name) => [
    `test_lstm_${name}`,
    `test_gru_${name}`,
  ]),
  'test_simple_rnn_with_initial_bias',
];
const LAYERS = { LSTM, GRU, RNN };
/** Where PyTorch's gates i, f, g, o and r, z, n are among ONNX's. */
const GATES = { LSTM: [0, 2, 3, 1], GRU: [1, 0, 2], RNN: [0] } as const;

interface Row {
  readonly case: string;
  readonly op: string;
  readonly attributes: Readonly<Record<string, number>>;
  readonly nodeInputs: readonly string[];
}

const present = existsSync(new URL('index.json', FOLDER));
const read = (name: string) => readFileSync(new URL(name, FOLDER));
const index: Row[] = present ? JSON.parse(read('index.json').toString()) : [];
const source = present ? readSafetensors(read('cases.safetensors')) : undefined;
const recurrent = index.filter(({ op }) => ['LSTM', 'GRU', 'RNN'].includes(op));
const refused = recurrent.map((row) => [row.case, refusal(row)] as const).filter(([, reason]) => reason);
const supported = recurrent.filter((row) => refusal(row) === undefined);
afterAll(() => {
  if (!present)
    console.log(`SKIPPED: ../shared/data is absent, ${CASES.length} cases of ONNX's RNN, LSTM and GRU`);
  for (const [name, reason] of refused) console.log(`SKIPPED: ${name}: ${reason}`);
});

function floats(row: Row, input: string): Float32Array | undefined {
  const stored = source!.get(`${row.case}/in.${input}`);
  return stored && toFloat32(stored);
}

/** Why a case cannot run. */
function refusal(row: Row): string | undefined {
  const { op, attributes, nodeInputs } = row;
  const [time] = timeAndBatch(row);
  const other = Object.keys(attributes).find((name) => !['hidden_size', 'layout'].includes(name));
  if (other) return `has ${other}`;
  const input = nodeInputs.find((name) => !['X', 'W', 'R', 'B', ''].includes(name));
  if (input) return `has ${input}`;
  // With linear_before_reset 0 the state is reset before its product. That is the same where the state is zero, as in a
  // first step, and where its product has no bias.
  const bias = floats(row, 'B');
  const isReset = time > 1 || bias?.subarray(bias.length / 2).some((value) => value !== 0);
  return op === 'GRU' && isReset
    ? 'has linear_before_reset 0, resets the state before its product'
    : undefined;
}

function timeAndBatch({ case: name, attributes }: Row): [number, number] {
  const [first, second] = source!.get(`${name}/in.X`)!.shape as [number, number];
  return attributes.layout === 1 ? [second, first] : [first, second];
}

/** The weights of one direction in PyTorch's names and order of gates. */
function torchWeights(row: Row, hidden: number): WeightSource {
  const order = GATES[row.op as keyof typeof GATES];
  const tensor = (values: Float32Array, ...width: number[]) => {
    const block = values.length / order.length;
    const reordered = order.flatMap((gate) => [...values.subarray(gate * block, (gate + 1) * block)]);
    return fromFloat32(Float32Array.from(reordered), [order.length * hidden, ...width], 'F32');
  };
  const [w, r, b] = ['W', 'R', 'B'].map((name) => floats(row, name)) as [
    Float32Array,
    Float32Array,
    Float32Array?,
  ];
  return sourceOf({
    weight_ih_l0: tensor(w, w.length / (order.length * hidden)),
    weight_hh_l0: tensor(r, hidden),
    ...(b && {
      bias_ih_l0: tensor(b.subarray(0, b.length / 2)),
      bias_hh_l0: tensor(b.subarray(b.length / 2)),
    }),
  });
}

describe.each(variants)("ONNX's RNN, LSTM and GRU, %s", (variant) => {
  it('finds its cases', (context) => {
    if (!present) return context.skip();
    expect(supported.map((row) => row.case).sort()).toEqual([...CASES].sort());
    expect(refused).toEqual([]);
  });

  it.each(supported.map((row) => [row.case, row] as const))('%s', async (name, row) => {
    const runtime = await sharedRuntime(variant);
    const [time, batch] = timeAndBatch(row);
    // Time first and batch first are the same bytes where there is one step.
    expect(time).toBe(1);
    const x = floats(row, 'X')!;
    const inputSize = x.length / (time * batch);
    const hiddenSize = row.attributes.hidden_size!;
    const config = { inputSize, hiddenSize, bias: row.nodeInputs.includes('B') };
    const Layer = LAYERS[row.op as keyof typeof LAYERS];
    using layer = Layer.load(runtime, torchWeights(row, hiddenSize), config);
    runtime.scope(() => {
      const { output, state } = layer.forward(Tensor.from(runtime, x, [batch, time, inputSize]));
      expectClose(state[0]!.hidden.toArray(), toFloat32(source!.get(`${name}/out.Y_h`)!), 'Y_h');
      const all = source!.get(`${name}/out.Y`);
      if (all) expectClose(output.toArray(), toFloat32(all), 'Y');
    });
  });
});
