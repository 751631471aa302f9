// The same in less memory: weights as a file beside it, rather than text, and computed in 8 bits as they are stored.
import { createPronouncer } from './heed/pronounce.js';
import module from './heed/wasm/simd.wasm';
import weights from './heed/weights/pronounce.safetensors';
import { answerWith } from './service.js';

export default answerWith(() => createPronouncer({ module, weights, arithmetic: 'int8' }));
