// What a service is that needs the pronouncer alone.
import { createPronouncer } from './heed/pronounce.js';
import module from './heed/wasm/simd.wasm';
import { answerWith } from './service.js';

export default answerWith(() => createPronouncer({ module }));
