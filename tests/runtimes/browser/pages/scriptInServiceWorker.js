// A classic service worker, which knows no modules.
importScripts('/heed/heed.pronounce.iife.js');

async function work() {
  const { createRuntime, matmul, pronounce, Tensor } = heed;
  const runtime = await createRuntime();
  const [a, b] = [Tensor.from(runtime, [1, 2, 3, 4], [2, 2]), Tensor.from(runtime, [5, 6, 7, 8], [2, 2])];
  const pronouncer = await pronounce.createPronouncer();
  return { product: [...matmul(a, b).toArray()], sound: pronouncer.pronounce('attention').ipa };
}

addEventListener('install', (event) => {
  const reported = work()
    .catch((error) => ({ error: String(error) }))
    .then((result) => fetch(`/report${location.search}`, { method: 'POST', body: JSON.stringify(result) }));
  event.waitUntil(reported.finally(() => registration.unregister()));
});
