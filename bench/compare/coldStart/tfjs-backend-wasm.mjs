import { reportColdStart, SIZE } from './report.mjs';

await reportColdStart(async ({ a, b }) => {
  // The core alone: the union package loads three more backends.
  const { default: tf } = await import('@tensorflow/tfjs-core');
  const { default: wasm } = await import('@tensorflow/tfjs-backend-wasm');
  wasm.setThreadsCount(1);
  await tf.setBackend('wasm');
  await tf.ready();
  const tensor = (values) => tf.tensor(values, [SIZE, SIZE]);
  return tf.matMul(tensor(a), tensor(b)).dataSync();
});
