// Compares the results of one thread and of two; in a page, and in a worker of it. `heed` is the path of an entry.
import { report } from './report.js';

report(async () => {
  const heed = await import(new URLSearchParams(location.search).get('heed'));
  const single = await heed.createRuntime({ microKernel: 'loads' });
  const runtime = await heed.createRuntime({ microKernel: 'loads', threads: 2 });
  const { threads } = runtime;
  let equal = true;
  for (let i = 0; i < 20; i++) {
    const [expected, actual] = [single, runtime].map((each) => product(heed, each, i % 2 ? 1 : 97));
    equal &&= expected.length > 0 && expected.every((bits, j) => bits === actual[j]);
    await new Promise((resolve) => setTimeout(resolve, i));
  }
  runtime.dispose();
  single.dispose();
  return { threads, equal };
});

function product({ linear, PackedWeight, Tensor }, runtime, rows) {
  return runtime.scope(() => {
    const values = (length, step) => Float32Array.from({ length }, (_, i) => Math.sin(i * step));
    const weight = new PackedWeight(Tensor.from(runtime, values(1000 * 301, 0.7), [1000, 301]));
    const y = linear(Tensor.from(runtime, values(rows * 301, 0.3), [rows, 301]), weight, undefined, 'tanh');
    const bits = new Int32Array(y.toArray().buffer);
    weight.dispose();
    return bits;
  });
}
