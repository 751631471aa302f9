// A model from files that the user picks.
import { createRuntime } from '/heed/index.js';
import { embed, loadModel } from '/heed/pretrained.js';
import { report } from './report.js';

const input = document.querySelector('input');
input.addEventListener('change', () => {
  report(async () => {
    const texts = new URLSearchParams(location.search).getAll('text');
    const runtime = await createRuntime({ variant: 'simd' });
    const model = await loadModel(runtime, input.files);
    const vectors = (await embed(model, texts)).map((vector) => [...vector]);
    const files = input.files.length;
    runtime.dispose();
    return { vectors, files, kind: input.files.constructor.name };
  });
});
input.dataset.ready = 'yes';
