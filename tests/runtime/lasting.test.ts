/** Runtimes that come and go for a long time. */
import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.ts';

const CYCLES = 10_000;
/**
 * Megabytes that the process may hold more at the end than after a fifth: the garbage collector comes when it likes, and
 * Node 20 keeps 1.8 kB of every binary that it compiles (`WebAssembly.compile` alone, 30,000 times, shows it; Node 24 not).
 */
const SLACK = 32;

/** Ten thousand runtimes, one after the other, each with an LSTM that runs; what the process holds after each fifth. */
const program = (options: string): string => `
  import { createRuntime } from '/src/index.ts';
  import { LSTM } from '/src/layers/lstm.ts';
  import { Random } from '/src/tensor/random.ts';
  import { Tensor } from '/src/tensor/tensor.ts';
  import { readFileSync } from 'node:fs';
  const module = await WebAssembly.compile(readFileSync('build/wasm/simd.wasm'));
  const held = [];
  let first;
  for (let i = 1; i <= ${CYCLES}; i++) {
    const runtime = await createRuntime(${options});
    const lstm = LSTM.create(runtime, { inputSize: 16, hiddenSize: 24 }, new Random(1));
    const output = runtime.scope(() => lstm.forward(Tensor.zeros(runtime, [1, 4, 16])).output.toFloat32Array());
    first ??= String(output);
    if (String(output) !== first) throw new Error('runtime ' + i + ' computes something else');
    runtime.dispose();
    if (i % ${CYCLES / 5} === 0) held.push(process.memoryUsage().rss / 1e6);
  }
  console.log(JSON.stringify(held));`;

describe('ten thousand runtimes, one after the other', () => {
  it.each(["{ variant: 'simd' }", '{ module }'])(
    'hold no more memory than two thousand: %s',
    async (options) => {
      const { code, stdout, stderr } = await runChild(program(options));
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const held = JSON.parse(stdout) as number[];
      console.log(`${CYCLES} runtimes: ${held.map((megabytes) => megabytes.toFixed(0)).join(', ')} MB`);
      expect(held).toHaveLength(5);
      expect(Math.max(...held.slice(1)) - held[0]!).toBeLessThan(SLACK);
    },
    60_000,
  );
});
