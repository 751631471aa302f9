import { reportColdStart, SIZE } from './report.mjs';

await reportColdStart(async ({ a, b }) => {
  const { defaultDevice, init, numpy } = await import('@jax-js/jax');
  await init('wasm');
  defaultDevice('wasm');
  const array = (values) => numpy.array(values).reshape([SIZE, SIZE]);
  return numpy.matmul(array(a), array(b)).data();
});
