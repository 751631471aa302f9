// A program as the README has it.
import { createPronouncer } from 'heed/pronounce';

const pronouncer = await createPronouncer({ threads: 2 });
const { ipa } = pronouncer.pronounce('attention');
const { threads } = pronouncer.runtime;
pronouncer.dispose();
console.log(JSON.stringify({ ipa, threads }));
