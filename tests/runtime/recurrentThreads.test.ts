import { expect, it, vi } from 'vitest';
import { GRU } from '../../src/layers/gru.ts';
import { LSTM } from '../../src/layers/lstm.ts';
import { RNN } from '../../src/layers/rnn.ts';
import { ThreadPool } from '../../src/runtime/threads.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { expectSameBits } from '../support/bits.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { variants } from '../support/runtimes.ts';
import { weightedLoss } from '../support/weightedLoss.ts';

const [BATCH, TIME, INPUT, HIDDEN] = [37, 9, 5, 41];
const random = seededRandom(testSeed());
const values = random.normals(BATCH * TIME * INPUT);
const cotangent = random.normals(BATCH * TIME * 2 * HIDDEN);
const lengths = Array.from({ length: BATCH }, (_, row) => row % (TIME + 1));

const layers = { rnn: RNN, gru: GRU, lstm: LSTM };

/** Output and all gradients of a bidirectional layer, and which sequence kernels were split. */
async function run(name: keyof typeof layers, variant: (typeof variants)[number], threads: number) {
  using runtime = await trainingRuntime({ variant, threads, microKernel: 'loads' });
  const config = { inputSize: INPUT, hiddenSize: HIDDEN, layers: 1, bidirectional: true };
  using layer = layers[name].create(runtime, config, new Random(1));
  const x = Tensor.from(runtime, values, [BATCH, TIME, INPUT]);
  const options = { lengths: Tensor.from(runtime, lengths, [BATCH], 'i32') };
  const runs = vi.spyOn(ThreadPool.prototype, 'run');
  const loss = (): Tensor => weightedLoss([layer.forward(x, options).output], [cotangent]);
  const { gradients } = runtime.gradients(loss, new Map([...layer.parameters(), ['x', x]]));
  const split = new Set(runs.mock.calls.map(([kernel]) => kernel));
  runs.mockRestore();
  const output = runtime.scope(() => layer.forward(x, options).output.toArray());
  return { split, results: [output, ...[...gradients.values()].map((gradient) => gradient.toArray())] };
}

it.each(variants.flatMap((variant) => (['rnn', 'gru', 'lstm'] as const).map((name) => ({ variant, name }))))(
  '$variant: $name is split by rows, forward and backward, and keeps the bits of one thread',
  async ({ variant, name }) => {
    const expected = await run(name, variant, 1);
    expect(expected.split.size).toBe(0);
    for (const threads of [2, 3]) {
      const { split, results } = await run(name, variant, threads);
      expect([...split]).toEqual(
        expect.arrayContaining([`f32_${name}_sequence`, `f32_${name}_sequence_backward`]),
      );
      results.forEach((result, i) => {
        expectSameBits(result, expected.results[i]!);
      });
    }
  },
);
