// Threads: as many as asked for where the host has them, and the same bits.
import { expectEqual, expectTrue, skip } from './expectations.js';
import { Values } from './values.js';

export const needs = ['heed'];

/** Large enough to be shared: a product, attention, a sequence. */
function compute(runtime, { attention, layerNorm, linear, LSTM, PackedWeight, Random, softmax, Tensor }) {
  const values = new Values(91);
  const floats = (shape) => Tensor.from(runtime, values.floats(shape.reduce((a, b) => a * b)), shape);
  return runtime.scope(() => {
    const weight = new PackedWeight(floats([130, 65]));
    const lstm = LSTM.create(runtime, { inputSize: 40, hiddenSize: 48 }, new Random(1));
    const results = {
      linear: linear(floats([97, 65]), weight, undefined, 'gelu'),
      attention: attention(floats([1, 150, 64]), floats([1, 150, 64]), floats([1, 150, 64]), {
        heads: 4,
        causal: true,
      }).output,
      softmax: softmax(floats([300, 300])),
      layerNorm: layerNorm(floats([300, 300])),
      lstm: lstm.forward(floats([8, 30, 40])).output,
    };
    lstm.dispose();
    weight.dispose();
    return Object.fromEntries(
      Object.entries(results).map(([name, each]) => [name, new Uint32Array(each.toFloat32Array().buffer)]),
    );
  });
}

export const free = {
  'two threads give the bits of one': async ({ heed, host, createRuntime }) => {
    for (const variant of new Set([host.variant, 'simd'])) {
      const bits = [];
      for (const threads of [1, 2]) {
        const runtime = await createRuntime({ variant, threads, microKernel: 'loads' });
        const expected = host.threads ? threads : 1;
        expectEqual(`threads of ${threads} asked for`, runtime.threads, expected);
        bits.push(compute(runtime, heed));
        runtime.dispose();
      }
      for (const [name, one] of Object.entries(bits[0])) {
        expectTrue(
          `${name} (${variant})`,
          one.every((word, i) => word === bits[1][name][i]),
        );
      }
    }
  },

  'training has them too': async ({ host, train, createTrainingRuntime }) => {
    if (!train) skip('train not among the entries');
    const runtime = await createTrainingRuntime({ threads: 2 });
    expectEqual('threads', runtime.threads, host.threads ? 2 : 1);
    runtime.dispose();
  },
};
