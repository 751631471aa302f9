import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DisposedError } from '../../src/errors.ts';
import { type Activation, activations } from '../../src/ops/activation.ts';
import { conv2d } from '../../src/ops/conv.ts';
import { addLinear, linear } from '../../src/ops/linear.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { ThreadPool } from '../../src/runtime/threads.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { expectSameBits } from '../support/bits.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { variants } from '../support/runtimes.ts';
import { weightedLoss } from '../support/weightedLoss.ts';

const names = Object.keys(activations) as Activation[];
const random = seededRandom(testSeed());

interface Operands {
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly bias: Float32Array;
  readonly size: readonly [number, number, number];
}

function operands(rows: number, outputs: number, inputs: number): Operands {
  return {
    x: random.normals(rows * inputs),
    w: random.normals(outputs * inputs),
    bias: random.normals(outputs),
    size: [rows, outputs, inputs],
  };
}

/** linear's result. */
function resultOf(
  runtime: Runtime,
  { x, w, bias, size: [rows, outputs, inputs] }: Operands,
  activation: Activation,
  withBias: boolean,
): ReturnType<Tensor['toArray']> {
  return runtime.scope(() => {
    const weight = new PackedWeight(Tensor.from(runtime, w, [outputs, inputs]));
    const b = withBias ? Tensor.from(runtime, bias) : undefined;
    const y = linear(Tensor.from(runtime, x, [rows, inputs]), weight, b, activation);
    const values = y.toArray();
    weight.dispose();
    return values;
  });
}

/** [rows, outputs, inputs]; `split`: enough work to be split. */
const sizes = [
  { size: [1, 1000, 300], split: true },
  { size: [1, 33, 8000], split: true },
  { size: [1, 65, 4099], split: true },
  { size: [2, 515, 301], split: true },
  { size: [7, 515, 97], split: true },
  { size: [13, 130, 257], split: true },
  { size: [49, 100, 64], split: true },
  { size: [97, 130, 65], split: true },
  { size: [131, 33, 769], split: true },
  { size: [300, 1, 1400], split: true },
  { size: [601, 7, 77], split: true },
  { size: [5, 3, 2], split: false },
  { size: [1, 1, 300_000], split: false },
  { size: [0, 1000, 300], split: false },
  { size: [300, 0, 300], split: false },
  { size: [300, 300, 0], split: false },
] as const;

describe.each(variants)('threads, %s', (variant) => {
  let single: Runtime;
  beforeAll(async () => {
    single = await createRuntime({ variant, microKernel: 'loads' });
  });
  afterAll(() => single.dispose());

  describe.each([2, 3, 4])('%i of them', (threads) => {
    let runtime: Runtime;
    beforeAll(async () => {
      runtime = await createRuntime({ variant, threads, microKernel: 'loads' });
    });
    afterAll(() => runtime.dispose());

    it('runtime.threads tells', () => expect([runtime.threads, single.threads]).toEqual([threads, 1]));

    it.each(sizes)('linear of $size has the bits of one thread, split: $split', ({ size, split }) => {
      const [rows, outputs, inputs] = size;
      const values = operands(rows, outputs, inputs);
      const runs = vi.spyOn(ThreadPool.prototype, 'run');
      for (const activation of names) {
        for (const withBias of [true, false]) {
          const expected = resultOf(single, values, activation, withBias);
          expectSameBits(resultOf(runtime, values, activation, withBias), expected);
        }
      }
      expect(runs).toHaveBeenCalledTimes(split ? 2 * names.length : 0);
      runs.mockRestore();
    });

    it.each([
      { outputs: 150, by: 'rows' },
      { outputs: 20, by: 'columns' },
    ])('convolution to $outputs channels, split by $by, has the bits of one thread', ({ outputs }) => {
      // 40 x 40 positions come in several blocks, whose results lie within longer rows.
      const [x, w, bias] = [
        random.normals(32 * 40 * 40),
        random.normals(outputs * 32 * 9),
        random.normals(outputs),
      ];
      const runs = vi.spyOn(ThreadPool.prototype, 'run');
      const results = [single, runtime].map((each) =>
        each.scope(() => {
          const image = Tensor.from(each, x, [1, 32, 40, 40]);
          const weight = Tensor.from(each, w, [outputs, 32, 3, 3]);
          return conv2d(image, weight, Tensor.from(each, bias), { padding: 1, activation: 'relu' }).toArray();
        }),
      );
      expectSameBits(results[1]!, results[0]!);
      expect(runs.mock.calls.length).toBeGreaterThan(1);
      runs.mockRestore();
    });

    it('a product of depth 0 that is split all the same leaves the bias, activated', () => {
      for (const [M, N] of [
        [100, 37],
        [1, 2000],
      ] as const) {
        const results = [single, runtime].map((each) =>
          each.scope(() => {
            const bias = Tensor.from(
              each,
              Float32Array.from({ length: N }, (_, i) => i - N / 2),
            );
            const y = Tensor.zeros(each, [M, N]);
            const values = [y.pointer, y.pointer, y.pointer, bias.pointer, M, N, 0, 0, N, 0, 4];
            const byRows = { argument: 4, grain: 12, advance: { 0: 4 * N, 1: 0 } };
            const byColumns = { argument: 5, grain: 32, advance: { 0: 4, 2: 0, 3: 4 } };
            each.call('f32_matmul', values, 2 ** 30, M > 1 ? byRows : byColumns);
            return y.toArray();
          }),
        );
        expectSameBits(results[1]!, results[0]!);
        expect(results[1]!.at(-1)).toBeCloseTo(1, 6);
      }
    });

    it('addLinear and matmul, too, have the bits of one thread', () => {
      for (const size of [
        [1, 1000, 300],
        [97, 130, 65],
        [131, 33, 769],
      ] as const) {
        const [rows, outputs, inputs] = size;
        const { x, w } = operands(rows, outputs, inputs);
        const base = random.normals(rows * outputs);
        const [expected, actual] = [single, runtime].map((each) =>
          each.scope(() => {
            const left = Tensor.from(each, x, [rows, inputs]);
            const right = Tensor.from(each, w, [outputs, inputs]);
            const weight = new PackedWeight(right);
            const sum = addLinear(Tensor.from(each, base, [rows, outputs]), left, weight);
            const product = matmul(left, right, { transposeB: true });
            const result = [sum.toArray(), product.toArray()];
            weight.dispose();
            return result;
          }),
        );
        for (const i of [0, 1]) expectSameBits(actual![i]!, expected![i]!);
      }
    });

    it('memory that grew is seen by all threads', () => {
      const before = runtime.memory.capacityBytes;
      const large = Tensor.empty(runtime, [2 * before]);
      expect(runtime.memory.capacityBytes).toBeGreaterThan(before);
      const values = operands(97, 130, 65);
      expectSameBits(resultOf(runtime, values, 'none', true), resultOf(single, values, 'none', true));
      large.dispose();
    });

    it('2000 jobs leave the memory where it was', () => {
      const weight = new PackedWeight(Tensor.from(runtime, random.normals(64 * 65), [64, 65]));
      const x = Tensor.from(runtime, random.normals(97 * 65), [97, 65]);
      const step = (): void => {
        runtime.scope(() => {
          linear(x, weight);
        });
      };
      step();
      const { usedBytes, capacityBytes } = runtime.memory;
      const runs = vi.spyOn(ThreadPool.prototype, 'run');
      for (let i = 0; i < 2000; i++) step();
      expect(runs).toHaveBeenCalledTimes(2000);
      runs.mockRestore();
      expect([runtime.memory.usedBytes, runtime.memory.capacityBytes]).toEqual([usedBytes, capacityBytes]);
      weight.dispose();
      for (const tensor of [x, weight.weight]) tensor.dispose();
    });
  });

  it('are used once the micro-kernel is known, not while it is being timed', async () => {
    using runtime = await createRuntime({ variant, threads: 2 });
    const values = operands(97, 130, 65);
    const expected = resultOf(single, values, 'none', true);
    const runs = vi.spyOn(ThreadPool.prototype, 'run');
    while (runtime.microKernel === undefined) {
      expectSameBits(resultOf(runtime, values, 'none', true), expected);
      if (runtime.microKernel === undefined) expect(runs).not.toHaveBeenCalled();
    }
    runs.mockClear();
    expectSameBits(resultOf(runtime, values, 'none', true), expected);
    expect(runs).toHaveBeenCalledTimes(1);
    runs.mockRestore();
  });

  it('of several runtimes work side by side, and end one by one', async () => {
    const options = { variant, threads: 2, microKernel: 'shuffles' } as const;
    const runtimes = await Promise.all([1, 2, 3].map(() => createRuntime(options)));
    const values = [operands(97, 130, 65), operands(1, 1000, 300), operands(60, 200, 64)];
    const expected = values.map((each) => resultOf(single, each, 'tanh', true));
    const round = (): void => {
      for (let i = 0; i < 30; i++) {
        const runtime = runtimes[i % runtimes.length]!;
        expectSameBits(resultOf(runtime, values[i % 3]!, 'tanh', true), expected[i % 3]!);
      }
    };
    for (let left = 3; left > 0; left--) {
      expect(runtimes.map((each) => each.threads)).toEqual(Array(left).fill(2));
      round();
      runtimes.shift()!.dispose();
      if (left === 1) break;
    }
  });

  it('train: losses and gradients have the bits of one thread', async () => {
    const values = operands(97, 130, 65);
    const results: { value: unknown; gradient: ReturnType<Tensor['toArray']> }[] = [];
    for (const threads of [1, 3]) {
      using runtime = await trainingRuntime({ variant, threads, microKernel: 'loads', seed: 1 });
      expect(runtime.threads).toBe(threads);
      const w = Tensor.from(runtime, values.w, [130, 65]);
      const weight = new PackedWeight(w);
      const cotangent = Float32Array.from({ length: 97 * 130 }, (_, i) => Math.sin(i));
      const loss = (): Tensor => {
        const x = Tensor.from(runtime, values.x, [97, 65]);
        return weightedLoss([linear(x, weight, undefined, 'tanh')], [cotangent]);
      };
      const { loss: value, gradients } = runtime.gradients(loss, new Map([['w', w]]));
      results.push({ value, gradient: gradients.get('w')!.toArray() });
    }
    expect(results[1]!.value).toEqual(results[0]!.value);
    expectSameBits(results[1]!.gradient, results[0]!.gradient);
  });
});

describe('dispose', () => {
  it('ends the threads; a second one does nothing; what is used afterwards is a DisposedError', async () => {
    const runtime = await createRuntime({ threads: 3 });
    const x = Tensor.zeros(runtime, [97, 65]);
    const weight = new PackedWeight(Tensor.zeros(runtime, [130, 65]));
    expect(linear(x, weight).shape).toEqual([97, 130]);
    const ends = vi.spyOn(ThreadPool.prototype, 'dispose');
    runtime.dispose();
    runtime.dispose();
    expect(ends).toHaveBeenCalledTimes(1);
    ends.mockRestore();
    expect(runtime.threads).toBe(1);
    expect(() => linear(x, weight)).toThrow(DisposedError);
    expect(() => Tensor.zeros(runtime, [1])).toThrow(DisposedError);
    weight.dispose();
  });
});
