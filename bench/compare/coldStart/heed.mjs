import { reportColdStart, SIZE } from './report.mjs';

await reportColdStart(async ({ a, b }) => {
  const { createRuntime, linear, PackedWeight, Tensor } = await import('../../../dist/index.js');
  const runtime = await createRuntime();
  // linear multiplies by the transpose: weights are stored by output.
  const transposed = Float32Array.from(b, (_, i) => b[(i % SIZE) * SIZE + Math.floor(i / SIZE)]);
  const weight = new PackedWeight(Tensor.from(runtime, transposed, [SIZE, SIZE]));
  return linear(Tensor.from(runtime, a, [SIZE, SIZE]), weight).toFloat32Array();
});
