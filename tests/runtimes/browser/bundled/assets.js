// The same with binaries, weights and threads in files beside the bundle.
import { createRuntime, matmul, Tensor } from 'heed/assets';
import { createPronouncer } from 'heed/assets/pronounce';

async function work() {
  const runtime = await createRuntime({ threads: 2 });
  const [a, b] = [Tensor.from(runtime, [1, 2, 3, 4], [2, 2]), Tensor.from(runtime, [5, 6, 7, 8], [2, 2])];
  const product = [...matmul(a, b).toArray()];
  const { threads, variant } = runtime;
  runtime.dispose();
  const pronouncer = await createPronouncer();
  return { threads, variant, product, sound: pronouncer.pronounce('attention').ipa };
}

work()
  .catch((error) => ({ error: `${error}\n${error.stack}` }))
  .then((result) => fetch(`/report${location.search}`, { method: 'POST', body: JSON.stringify(result) }));
