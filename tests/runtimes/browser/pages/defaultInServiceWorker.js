import { createRuntime } from '/heed/index.js';
import { createPronouncer } from '/heed/pronounce.js';
import { onInstall } from './serviceWorker.js';

onInstall(async () => {
  const runtime = await createRuntime().catch((error) => `${error.name}: ${error.message}`);
  const pronouncer = await createPronouncer().catch((error) => `${error.name}: ${error.message}`);
  return { errors: [runtime, pronouncer] };
});
