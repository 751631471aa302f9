// Words in the address, IPA in the answer. Nothing is made before the first request: hosts forbid it.
export function answerWith(create) {
  let pronouncer;
  return {
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname !== '/pronounce') return new Response('no such path', { status: 404 });
      pronouncer ??= create();
      const ready = await pronouncer;
      const words = searchParams.get('words').split(' ');
      const spoken = ready.pronounceAll(words).map(({ ipa }) => ipa);
      const { usedBytes, capacityBytes } = ready.runtime.memory;
      return Response.json({ spoken, usedBytes, capacityBytes });
    },
  };
}
