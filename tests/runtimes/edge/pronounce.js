// What a service is that needs the pronouncer alone. Nothing is made before the first request: hosts forbid it.
import { createPronouncer } from './heed/pronounce.js';
import module from './heed/wasm/simd.wasm';

let pronouncer;

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== '/pronounce') return new Response('no such path', { status: 404 });
    pronouncer ??= createPronouncer({ module });
    const ready = await pronouncer;
    const words = searchParams.get('words').split(' ');
    const spoken = ready.pronounceAll(words).map(({ ipa }) => ipa);
    const { usedBytes, capacityBytes } = ready.runtime.memory;
    return Response.json({ spoken, usedBytes, capacityBytes });
  },
};
