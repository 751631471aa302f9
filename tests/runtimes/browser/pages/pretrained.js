// A model's folder over HTTP, twice, and stopped in between.
import { createRuntime } from '/heed/index.js';
import { embed, loadModel } from '/heed/pretrained.js';
import { report } from './report.js';

const folder = `${location.origin}/models/tiny`;

report(async () => {
  const texts = new URLSearchParams(location.search).getAll('text');
  const first = await load(texts);
  const sentOnce = await bytesSent();
  const again = await load(texts);
  return {
    first,
    again,
    sentOnce,
    sentTwice: await bytesSent(),
    caches: await caches.keys(),
    ...(await stop()),
  };
});

const bytesSent = async () => (await fetch('/models/sent')).json();

async function load(texts) {
  const runtime = await createRuntime({ variant: 'simd' });
  const told = [];
  const onProgress = (done, total) => told.push(done / total);
  const model = await loadModel(runtime, folder, { onProgress });
  const vectors = (await embed(model, texts)).map((vector) => [...vector]);
  runtime.dispose();
  return { vectors, told };
}

async function stop() {
  const runtime = await createRuntime();
  const { usedBytes } = runtime.memory;
  const controller = new AbortController();
  const options = { signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) };
  const reason = await loadModel(runtime, folder, options).catch(({ message }) => message);
  const missing = await loadModel(runtime, `${location.origin}/models/other`).catch(({ name }) => name);
  return { reason, missing, left: runtime.memory.usedBytes - usedBytes };
}
