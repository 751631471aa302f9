// An extension's service worker may not import(): heed/assets fetches its files instead.

import { createPronouncer } from './heed/assets/pronounce.js';
import { createRuntime, matmul, Tensor } from './heed/heed.single.js';
import { report } from './report.js';

chrome.runtime.onInstalled.addListener(async () => {
  await report('single', async () => {
    const runtime = await createRuntime();
    const [a, b] = [Tensor.from(runtime, [1, 2, 3, 4], [2, 2]), Tensor.from(runtime, [5, 6, 7, 8], [2, 2])];
    return { product: [...matmul(a, b).toArray()], variant: runtime.variant };
  });

  await report('assets', async () => {
    const pronouncer = await createPronouncer();
    return { sound: pronouncer.pronounce('attention').ipa, variant: pronouncer.runtime.variant };
  });

  await chrome.offscreen.createDocument({
    ...{ url: 'offscreen.html', reasons: ['WORKERS'] },
    justification: 'computes beside the service worker, which the browser ends when it likes',
  });
});
