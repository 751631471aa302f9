import { afterEach, describe, expect, it, vi } from 'vitest';
import { decodeBase64 } from '../../src/pronounce/base64.ts';
import { seededRandom } from '../support/random.ts';

afterEach(() => vi.unstubAllGlobals());

/** What a host may bring along; the rest is hidden. */
const hosts = ['fromBase64', 'Buffer', 'atob'] as const;

function become(host: (typeof hosts)[number]): void {
  const decode = Buffer.from;
  if (host === 'fromBase64') {
    const fromBase64 = (text: string) => new Uint8Array(decode(text, 'base64'));
    vi.stubGlobal('Uint8Array', Object.assign(class extends Uint8Array {}, { fromBase64 }));
  } else {
    vi.stubGlobal('Uint8Array', Object.assign(class extends Uint8Array {}, { fromBase64: undefined }));
  }
  if (host !== 'Buffer') vi.stubGlobal('Buffer', undefined);
}

describe.each(hosts)('decodeBase64 with %s', (host) => {
  it.each([0, 1, 2, 3, 4, 5, 254, 255, 256, 1000])(
    'gives back %d bytes, none of the host around them',
    (length) => {
      const random = seededRandom(length);
      const bytes = Array.from({ length }, () => Math.floor(random.uniform() * 256));
      const text = Buffer.from(bytes).toString('base64');
      become(host);
      const decoded = decodeBase64(text);
      expect(Array.from(decoded)).toEqual(bytes);
      expect(decoded.buffer.byteLength).toBe(length);
    },
  );
});
