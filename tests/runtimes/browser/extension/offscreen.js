// A page of the extension, where everything works as on the web.
import { createPronouncer } from './heed/pronounce.js';
import { report } from './report.js';

report('offscreen', async () => {
  const pronouncer = await createPronouncer({ threads: 2 });
  const { variant, threads } = pronouncer.runtime;
  return { sound: pronouncer.pronounce('attention').ipa, variant, threads };
});
